import type { ConnackPacket } from "./packet.ts";
import type { PacketReader } from "./packet-reader.ts";
import { NO_PROPERTIES } from "./properties.ts";
import { readProperties } from "./read-properties.ts";
import { ALLOWED_CODES } from "./reason-code.ts";

/** Reads CONNACK (3.1.1 §3.2, 5.0 §3.2). */
export function decodeConnack(reader: PacketReader): ConnackPacket {
  const flags = reader.byte();
  if (flags > 1) throw reader.violation("connack-flags");
  const sessionPresent = flags === 1;
  const reasonCode = reader.byte();
  const allowed = reader.version === 5 ? ALLOWED_CODES.connack : ALLOWED_CODES.connackReturn;
  if (allowed[reasonCode] !== true) throw reader.violation("connack-code", { about: `${reasonCode}` });
  if (sessionPresent && reasonCode !== 0) throw reader.violation("session-of-refused");
  const properties = reader.version === 5 ? readProperties(reader, "connack") : NO_PROPERTIES;
  reader.finish();
  return { type: "connack", sessionPresent, reasonCode, properties };
}
