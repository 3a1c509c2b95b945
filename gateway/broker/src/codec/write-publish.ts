import { checkPacketId } from "./encode-packet.ts";
import { Outgoing, writeText, writeTwoBytes, writeVariable } from "./outgoing.ts";
import type { ProtocolVersion, PublishPacket } from "./packet.ts";
import { ByteCounter, textLength, variableLength } from "./sink.ts";
import { hasProperties, writeProperties } from "./write-properties.ts";

const PUBLISH = 0x30;
const DUP = 0x08;

/** A PUBLISH without what differs from one subscriber to the next. */
export type Publication = Omit<PublishPacket, "type" | "packetId" | "dup">;

/**
 * A PUBLISH encoded once for many subscribers of the same version, QoS, retain flag and properties. With QoS 0 its
 * bytes are shared as they are; above, each subscriber gets a copy with an identifier of its own.
 */
export interface PublishFrame {
  /** The whole packet; its identifier is zero. Nobody writes here. */
  readonly bytes: Buffer;
  /** Where the packet identifier stands; 0 when the QoS is 0 and there is none. */
  readonly packetIdAt: number;
}

/**
 * Writes a PUBLISH for one receiver.
 * @param packetId 1–65,535; 0 when the QoS is 0.
 * @returns where the packet identifier stands, counted from the first byte of the packet; 0 when there is none.
 * @throws {RangeError} as `encodePacket`; nothing is written then.
 */
export function writePublish(
  publication: Publication,
  version: ProtocolVersion,
  { out, packetId = 0, dup = false }: { out: Outgoing; packetId?: number; dup?: boolean },
): number {
  if (publication.qos > 0) checkPacketId(packetId);
  return write(out, publication, version, packetId, dup);
}

/** Encodes a PUBLISH for many. @throws {RangeError} as `encodePacket`. */
export function encodePublish(publication: Publication, version: ProtocolVersion): PublishFrame {
  const out = new Outgoing();
  const packetIdAt = write(out, publication, version, 0, false);
  return { bytes: out.take(), packetIdAt };
}

/**
 * Adds a frame to what one subscriber gets.
 * @param packetId 1–65,535; left out when the frame's QoS is 0.
 * @throws {RangeError} when the frame needs an identifier and this is none.
 */
export function writePublishFrame(out: Outgoing, frame: PublishFrame, packetId = 0, dup = false): void {
  const { bytes, packetIdAt } = frame;
  if (packetIdAt === 0) {
    out.append(bytes);
    return;
  }
  checkPacketId(packetId);
  const at = out.claim(bytes.length);
  const target = out.bytes;
  bytes.copy(target, at);
  if (dup) target[at] = (target[at] as number) | DUP;
  writeTwoBytes(packetId, at + packetIdAt, target);
}

function write(
  out: Outgoing,
  { topic, payload, qos, retain, properties }: Publication,
  version: ProtocolVersion,
  packetId: number,
  dup: boolean,
): number {
  const topicLength = textLength(topic);
  const idLength = qos === 0 ? 0 : 2;
  const plain = version === 4 || !hasProperties(properties);
  const propertiesLength = version === 4 ? 0 : plain ? 1 : lengthOf(properties);
  const remaining = 2 + topicLength + idLength + propertiesLength + payload.length;
  const lengthBytes = variableLength(remaining);
  const head = 1 + lengthBytes + 2 + topicLength + idLength;
  // In one claim when it can be: the properties of 5.0 alone are written field by field.
  const start = out.claim(plain ? head + propertiesLength + payload.length : head);
  const bytes = out.bytes;
  bytes[start] = PUBLISH | (dup ? DUP : 0) | (qos << 1) | (retain ? 1 : 0);
  let at = writeVariable(remaining, start + 1, bytes);
  at = writeText(topic, topicLength, at, bytes);
  const packetIdAt = idLength === 0 ? 0 : at - start;
  if (idLength > 0) at = writeTwoBytes(packetId, at, bytes);
  if (plain) {
    if (version === 5) bytes[at++] = 0;
    payload.copy(bytes, at);
  } else {
    writeProperties(out, "publish", properties);
    out.raw(payload);
  }
  return packetIdAt;
}

function lengthOf(properties: Publication["properties"]): number {
  const counter = new ByteCounter();
  writeProperties(counter, "publish", properties);
  return counter.length;
}
