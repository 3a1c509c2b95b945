import type { AuthPacket } from "./packet.ts";
import type { PacketReader } from "./packet-reader.ts";
import { NO_PROPERTIES } from "./properties.ts";
import { readProperties } from "./read-properties.ts";
import { ALLOWED_CODES } from "./reason-code.ts";

/**
 * Reads AUTH of MQTT 5.0. §3.15.2.2.2 demands an authentication method, §3.15.2.1 lets an empty packet mean success:
 * so the method may be missing only there.
 */
export function decodeAuth(reader: PacketReader): AuthPacket {
  const byClient = reader.sender === "client";
  const allowed = byClient ? ALLOWED_CODES.authByClient : ALLOWED_CODES.authByServer;
  const short = reader.atEnd;
  const reasonCode = short ? 0 : reader.byte();
  if (allowed[reasonCode] !== true) throw reader.violation("auth-code", { about: `${reasonCode}` });
  const properties: AuthPacket["properties"] = short ? NO_PROPERTIES : readProperties(reader, "auth");
  if (!short && properties.authenticationMethod === undefined) {
    throw reader.violation("authentication-method-missing");
  }
  reader.finish();
  return { type: "auth", reasonCode, properties };
}
