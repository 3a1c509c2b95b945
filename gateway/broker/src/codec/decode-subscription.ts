import type {
  QoS,
  SubackPacket,
  SubscribePacket,
  Subscription,
  UnsubackPacket,
  UnsubscribePacket,
} from "./packet.ts";
import type { PacketReader } from "./packet-reader.ts";
import { NO_PROPERTIES } from "./properties.ts";
import { readProperties } from "./read-properties.ts";
import { ALLOWED_CODES } from "./reason-code.ts";
import { isSharedFilter, readTopicFilter } from "./topic-filter.ts";
import type { RuleName } from "./violation.ts";

/** Reads SUBSCRIBE (3.1.1 §3.8, 5.0 §3.8). */
export function decodeSubscribe(reader: PacketReader): SubscribePacket {
  const packetId = reader.packetId("packet-id-0");
  const properties = reader.version === 5 ? readProperties(reader, "subscribe") : NO_PROPERTIES;
  if (reader.atEnd) throw reader.violation("subscribe-empty");
  const subscriptions: Subscription[] = [];
  while (!reader.atEnd) subscriptions.push(readSubscription(reader));
  return { type: "subscribe", packetId, subscriptions, properties };
}

function readSubscription(reader: PacketReader): Subscription {
  const filter = readTopicFilter(reader);
  const options = reader.byte();
  const qos = options & 3;
  if (reader.version === 4) {
    if (options > 2) throw reader.violation("requested-qos");
    return { filter, qos: qos as QoS, noLocal: false, retainAsPublished: false, retainHandling: 0 };
  }
  const retainHandling = (options >> 4) & 3;
  const noLocal = (options & 4) !== 0;
  if (options > 0x3f) throw reader.violation("subscription-reserved-bits");
  if (qos === 3) throw reader.violation("subscription-qos-3");
  if (retainHandling === 3) throw reader.violation("retain-handling-3");
  if (noLocal && isSharedFilter(filter)) throw reader.violation("no-local-shared");
  return {
    filter,
    qos: qos as QoS,
    noLocal,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
}

/** Reads UNSUBSCRIBE (3.1.1 §3.10, 5.0 §3.10). */
export function decodeUnsubscribe(reader: PacketReader): UnsubscribePacket {
  const packetId = reader.packetId("packet-id-0");
  const properties = reader.version === 5 ? readProperties(reader, "unsubscribe") : NO_PROPERTIES;
  if (reader.atEnd) throw reader.violation("unsubscribe-empty");
  const filters: string[] = [];
  while (!reader.atEnd) filters.push(readTopicFilter(reader));
  return { type: "unsubscribe", packetId, filters, properties };
}

/** Reads SUBACK (3.1.1 §3.9, 5.0 §3.9). */
export function decodeSuback(reader: PacketReader): SubackPacket {
  const packetId = reader.packetId("granted-id-0");
  const properties = reader.version === 5 ? readProperties(reader, "suback") : NO_PROPERTIES;
  if (reader.atEnd) throw reader.violation("suback-empty");
  const allowed = reader.version === 5 ? ALLOWED_CODES.suback : ALLOWED_CODES.subackReturn;
  return { type: "suback", packetId, reasonCodes: readCodes(reader, allowed, "suback-code"), properties };
}

/** Reads UNSUBACK (3.1.1 §3.11, which has no codes; 5.0 §3.11). */
export function decodeUnsuback(reader: PacketReader): UnsubackPacket {
  const packetId = reader.packetId("granted-id-0");
  if (reader.version === 4) {
    reader.finish();
    return { type: "unsuback", packetId, reasonCodes: [], properties: NO_PROPERTIES };
  }
  const properties = readProperties(reader, "unsuback");
  if (reader.atEnd) throw reader.violation("unsuback-empty");
  const reasonCodes = readCodes(reader, ALLOWED_CODES.unsuback, "unsuback-code");
  return { type: "unsuback", packetId, reasonCodes, properties };
}

function readCodes(reader: PacketReader, allowed: readonly boolean[], rule: RuleName): number[] {
  const codes: number[] = [];
  while (!reader.atEnd) {
    const code = reader.byte();
    if (allowed[code] !== true) throw reader.violation(rule, { about: `${code}` });
    codes.push(code);
  }
  return codes;
}
