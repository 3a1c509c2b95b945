import type { Outgoing } from "./outgoing.ts";
import { PACKET_TYPE, type Packet, type ProtocolVersion } from "./packet.ts";
import { ByteCounter, variableLength } from "./sink.ts";
import { writeBody } from "./write-body.ts";

/**
 * Writes a packet, any of them. PUBLISH and its answers have faster ways: `writePublish`, `writeAcknowledgement`.
 *
 * The packet is trusted: reason codes, topics and the ranges of properties are written as they are, while the decoder
 * refuses them. Nothing is written when it throws.
 * @param version of the connection; CONNECT brings its own.
 * @throws {RangeError} when a field cannot be put on the wire: text or binary of more than 65,535 bytes, a packet
 * identifier out of 1–65,535, a packet of more than 268,435,455 bytes, AUTH in 3.1.1.
 */
export function encodePacket(packet: Packet, version: ProtocolVersion, out: Outgoing): void {
  const remaining = remainingLength(packet, version);
  variableLength(remaining);
  out.byte(firstByte(packet));
  out.variable(remaining);
  writeBody(out, packet, version);
}

/**
 * Bytes that the packet takes with its fixed header: what a client's Maximum Packet Size counts (5.0 §3.1.2.11.4).
 * @throws {RangeError} as `encodePacket`.
 */
export function encodedLength(packet: Packet, version: ProtocolVersion): number {
  const remaining = remainingLength(packet, version);
  return 1 + variableLength(remaining) + remaining;
}

function remainingLength(packet: Packet, version: ProtocolVersion): number {
  if (packet.type === "auth" && version === 4) throw new RangeError("3.1.1 has no AUTH");
  if ("packetId" in packet && (packet.type !== "publish" || packet.qos > 0)) checkPacketId(packet.packetId);
  const counter = new ByteCounter();
  writeBody(counter, packet, version);
  return counter.length;
}

/** @throws {RangeError} unless it is a packet identifier, 1–65,535. */
export function checkPacketId(packetId: number): void {
  if (packetId >= 1 && packetId <= 0xffff) return;
  throw new RangeError(`${packetId} is no packet identifier: 1–65,535`);
}

/** Type and flags (3.1.1 table 2.2, 5.0 table 2-2). */
function firstByte(packet: Packet): number {
  const type = PACKET_TYPE[packet.type] << 4;
  switch (packet.type) {
    case "publish":
      return type | (packet.dup ? 8 : 0) | (packet.qos << 1) | (packet.retain ? 1 : 0);
    case "pubrel":
    case "subscribe":
    case "unsubscribe":
      return type | 2;
    default:
      return type;
  }
}
