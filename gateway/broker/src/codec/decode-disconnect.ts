import type { DisconnectPacket } from "./packet.ts";
import type { PacketReader } from "./packet-reader.ts";
import { NO_PROPERTIES } from "./properties.ts";
import { readProperties } from "./read-properties.ts";
import { ALLOWED_CODES } from "./reason-code.ts";

/** Reads DISCONNECT; in MQTT 5.0 the properties may be left out, and a reason code of 0 with them (§3.14.2.1). */
export function decodeDisconnect(reader: PacketReader): DisconnectPacket {
  if (reader.version === 4) reader.finish();
  if (reader.atEnd) return { type: "disconnect", reasonCode: 0, properties: NO_PROPERTIES };
  const reasonCode = reader.byte();
  const byClient = reader.sender === "client";
  const allowed = byClient ? ALLOWED_CODES.disconnectByClient : ALLOWED_CODES.disconnectByServer;
  if (allowed[reasonCode] !== true) throw reader.violation("disconnect-code", { about: `${reasonCode}` });
  const properties: DisconnectPacket["properties"] = reader.atEnd
    ? NO_PROPERTIES
    : readProperties(reader, "disconnect");
  if (!byClient && properties.sessionExpirySeconds !== undefined) throw reader.violation("expiry-of-server");
  reader.finish();
  return { type: "disconnect", reasonCode, properties };
}
