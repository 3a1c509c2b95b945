import type { PublishPacket, QoS } from "./packet.ts";
import type { PacketReader } from "./packet-reader.ts";
import { NO_PROPERTIES, type PropertiesOf } from "./properties.ts";
import { readProperties } from "./read-properties.ts";

/**
 * Reads PUBLISH; `flags` are the low four bits of the fixed header, already checked. Besides the packet it makes two
 * things: the string of the topic, and the payload's view of the reader's bytes.
 */
export function decodePublish(reader: PacketReader, flags: number): PublishPacket {
  const qos = ((flags >> 1) & 3) as QoS;
  const topic = reader.topicName("topic-wildcard");
  const packetId = qos === 0 ? 0 : reader.packetId("packet-id-0");
  let properties: PropertiesOf["publish"] = NO_PROPERTIES;
  if (reader.version === 5) {
    properties = readProperties(reader, "publish");
    if (properties !== NO_PROPERTIES) checkProperties(reader, properties);
  }
  if (topic === "") checkEmptyTopic(reader, properties);
  const payload = reader.bytes.subarray(reader.at, reader.end);
  return {
    type: "publish",
    topic,
    payload,
    qos,
    retain: (flags & 1) !== 0,
    dup: (flags & 8) !== 0,
    packetId,
    properties,
  };
}

function checkProperties(reader: PacketReader, properties: PropertiesOf["publish"]): void {
  if (properties.topicAlias === 0) throw reader.violation("topic-alias-0");
  if (reader.sender === "client" && properties.subscriptionIdentifiers !== undefined) {
    throw reader.violation("subscription-id-of-client");
  }
}

function checkEmptyTopic(reader: PacketReader, properties: PropertiesOf["publish"]): void {
  if (reader.version === 4) throw reader.violation("topic-empty");
  if (properties.topicAlias === undefined) throw reader.violation("topic-unknown");
}
