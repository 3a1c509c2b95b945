import type { AcknowledgementPacket, AcknowledgementType } from "./packet.ts";
import type { PacketReader } from "./packet-reader.ts";
import { NO_PROPERTIES } from "./properties.ts";
import { readProperties } from "./read-properties.ts";
import { ALLOWED_CODES } from "./reason-code.ts";

/**
 * Reads PUBACK, PUBREC, PUBREL or PUBCOMP. In MQTT 5.0 the properties may be left out, and the reason code with them
 * when it is 0 (§3.4.2.1).
 */
export function decodeAcknowledgement(
  reader: PacketReader,
  type: AcknowledgementType,
): AcknowledgementPacket {
  const packetId = reader.packetId("answered-id-0");
  let reasonCode = 0;
  let properties: AcknowledgementPacket["properties"] = NO_PROPERTIES;
  if (!reader.atEnd && reader.version === 5) {
    reasonCode = reader.byte();
    if (ALLOWED_CODES[type][reasonCode] !== true) {
      throw reader.violation(`${type}-code`, { about: `${reasonCode}` });
    }
    if (!reader.atEnd) properties = readProperties(reader, type);
  }
  reader.finish();
  return { type, packetId, reasonCode, properties };
}
