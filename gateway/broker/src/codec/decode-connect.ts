import type { ConnectPacket, ProtocolVersion, QoS, Will } from "./packet.ts";
import type { PacketReader } from "./packet-reader.ts";
import { NO_PROPERTIES } from "./properties.ts";
import { readProperties } from "./read-properties.ts";
import type { RuleName } from "./violation.ts";

/** Bits of the connect flags (3.1.1 §3.1.2.3, 5.0 §3.1.2.3). */
const RESERVED = 0x01;
const CLEAN_START = 0x02;
const WILL = 0x04;
const WILL_QOS_SHIFT = 3;
const WILL_RETAIN = 0x20;
const PASSWORD = 0x40;
const USER_NAME = 0x80;

/**
 * Reads CONNECT and sets the reader's version from it.
 * @throws {PacketError} `unsupported-version` for other protocols and levels, before anything behind the level is read:
 * what it means there is not known.
 */
export function decodeConnect(reader: PacketReader): ConnectPacket {
  const version = readVersion(reader);
  reader.version = version;
  const flags = reader.byte();
  checkFlags(reader, flags);
  const keepAliveSeconds = reader.twoBytes();
  const properties = version === 5 ? readProperties(reader, "connect") : NO_PROPERTIES;
  if (version === 5) checkAuthentication(reader, properties);
  expectMore(reader, "client-id-missing");
  const clientId = reader.text();
  const will = (flags & WILL) === 0 ? undefined : readWill(reader, flags);
  const userName = (flags & USER_NAME) === 0 ? undefined : readUserName(reader);
  const password = (flags & PASSWORD) === 0 ? undefined : readPassword(reader);
  reader.finish("connect-trailing");
  return {
    type: "connect",
    version,
    cleanStart: (flags & CLEAN_START) !== 0,
    keepAliveSeconds,
    clientId,
    will,
    userName,
    password,
    properties,
  };
}

function readVersion(reader: PacketReader): ProtocolVersion {
  const name = reader.text();
  // MQTT 3.1 had another name. Only level 3 is its own, but whatever it claims, it is not ours.
  if (name !== "MQTT" && name !== "MQIsdp") throw reader.violation("protocol-name");
  const level = reader.byte();
  if (name === "MQTT" && (level === 4 || level === 5)) return level;
  throw reader.violation("protocol-level", { about: `${level}`, level });
}

function checkFlags(reader: PacketReader, flags: number): void {
  if ((flags & RESERVED) !== 0) throw reader.violation("connect-reserved-flag");
  if ((flags & WILL) === 0) {
    if (willQos(flags) !== 0) throw reader.violation("will-qos-alone");
    if ((flags & WILL_RETAIN) !== 0) throw reader.violation("will-retain-alone");
  } else if (willQos(flags) === 3) {
    throw reader.violation("will-qos-3");
  }
  // MQTT 5.0 allows it, for tokens: §3.1.2.9.
  if (reader.version === 4 && (flags & PASSWORD) !== 0 && (flags & USER_NAME) === 0) {
    throw reader.violation("password-alone");
  }
}

function willQos(flags: number): number {
  return (flags >> WILL_QOS_SHIFT) & 3;
}

function checkAuthentication(reader: PacketReader, properties: ConnectPacket["properties"]): void {
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw reader.violation("authentication-data-alone");
  }
}

function readWill(reader: PacketReader, flags: number): Will {
  expectMore(reader, "will-missing");
  const properties = reader.version === 5 ? readProperties(reader, "will") : NO_PROPERTIES;
  expectMore(reader, "will-missing");
  const topic = reader.topicName("other-topic-wildcard");
  if (topic === "") throw reader.violation("topic-empty");
  expectMore(reader, "will-missing");
  const payload = reader.binary();
  return { topic, payload, qos: willQos(flags) as QoS, retain: (flags & WILL_RETAIN) !== 0, properties };
}

function readUserName(reader: PacketReader): string {
  expectMore(reader, "user-name-missing");
  return reader.text();
}

function readPassword(reader: PacketReader): Buffer {
  expectMore(reader, "password-missing");
  return reader.binary();
}

function expectMore(reader: PacketReader, missing: RuleName): void {
  if (reader.atEnd) throw reader.violation(missing);
}
