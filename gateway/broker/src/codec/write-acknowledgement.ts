import { checkPacketId } from "./encode-packet.ts";
import type { Outgoing } from "./outgoing.ts";
import { type AcknowledgementType, PACKET_TYPE, type ProtocolVersion } from "./packet.ts";

/**
 * Writes PUBACK, PUBREC, PUBREL or PUBCOMP without properties: four bytes, or five with a reason code other than 0 in
 * MQTT 5.0 (§3.4.2.1). In 3.1.1 the reason code is not written; there is no way to refuse a message.
 * @param packetId 1–65,535.
 * @throws {RangeError} when it is not; nothing is written then.
 */
export function writeAcknowledgement(
  type: AcknowledgementType,
  packetId: number,
  { out, version, reasonCode = 0 }: { out: Outgoing; version: ProtocolVersion; reasonCode?: number },
): void {
  checkPacketId(packetId);
  const withReason = reasonCode !== 0 && version === 5;
  const at = out.claim(withReason ? 5 : 4);
  const bytes = out.bytes;
  bytes[at] = (PACKET_TYPE[type] << 4) | (type === "pubrel" ? 2 : 0);
  bytes[at + 1] = withReason ? 3 : 2;
  bytes[at + 2] = packetId >> 8;
  bytes[at + 3] = packetId & 0xff;
  if (withReason) bytes[at + 4] = reasonCode;
}

/** Writes PINGRESP (3.1.1 §3.13, 5.0 §3.13). */
export function writePingResponse(out: Outgoing): void {
  const at = out.claim(2);
  out.bytes[at] = PACKET_TYPE.pingresp << 4;
  out.bytes[at + 1] = 0;
}
