import type { ConnectPacket, Packet, ProtocolVersion, Subscription } from "./packet.ts";
import type { Sink } from "./sink.ts";
import { hasProperties, writeProperties } from "./write-properties.ts";

/** Writes what follows the fixed header: variable header and payload. */
export function writeBody(sink: Sink, packet: Packet, version: ProtocolVersion): void {
  switch (packet.type) {
    case "connect":
      writeConnect(sink, packet);
      break;
    case "connack":
      sink.byte(packet.sessionPresent ? 1 : 0);
      sink.byte(packet.reasonCode);
      if (version === 5) writeProperties(sink, "connack", packet.properties);
      break;
    case "publish":
      sink.text(packet.topic);
      if (packet.qos > 0) sink.twoBytes(packet.packetId);
      if (version === 5) writeProperties(sink, "publish", packet.properties);
      sink.raw(packet.payload);
      break;
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      sink.twoBytes(packet.packetId);
      if (version === 5) writeReason(sink, packet);
      break;
    case "subscribe":
      sink.twoBytes(packet.packetId);
      if (version === 5) writeProperties(sink, "subscribe", packet.properties);
      for (const subscription of packet.subscriptions) {
        sink.text(subscription.filter);
        sink.byte(version === 5 ? subscriptionOptions(subscription) : subscription.qos);
      }
      break;
    case "unsubscribe":
      sink.twoBytes(packet.packetId);
      if (version === 5) writeProperties(sink, "unsubscribe", packet.properties);
      for (const filter of packet.filters) sink.text(filter);
      break;
    case "suback":
      sink.twoBytes(packet.packetId);
      if (version === 5) writeProperties(sink, "suback", packet.properties);
      for (const code of packet.reasonCodes) sink.byte(code);
      break;
    case "unsuback":
      sink.twoBytes(packet.packetId);
      if (version === 4) break;
      writeProperties(sink, "unsuback", packet.properties);
      for (const code of packet.reasonCodes) sink.byte(code);
      break;
    case "disconnect":
    case "auth":
      if (version === 5) writeReason(sink, packet);
      break;
    case "pingreq":
    case "pingresp":
      break;
  }
}

/** A reason code that may be left out when it is 0, with properties that may be left out when there are none. */
function writeReason(
  sink: Sink,
  packet: Extract<Packet, { type: "puback" | "pubrec" | "pubrel" | "pubcomp" | "disconnect" | "auth" }>,
): void {
  const { type, reasonCode, properties } = packet;
  const more = hasProperties(properties);
  if (reasonCode !== 0 || more) sink.byte(reasonCode);
  // AUTH may leave out its properties only together with the code (§3.15.2.1).
  if (more || (type === "auth" && reasonCode !== 0)) writeProperties(sink, type, properties);
}

function subscriptionOptions(subscription: Subscription): number {
  const { qos, noLocal, retainAsPublished, retainHandling } = subscription;
  return qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4);
}

function writeConnect(sink: Sink, packet: ConnectPacket): void {
  const { version, will, userName, password } = packet;
  sink.text("MQTT");
  sink.byte(version);
  sink.byte(connectFlags(packet));
  sink.twoBytes(packet.keepAliveSeconds);
  if (version === 5) writeProperties(sink, "connect", packet.properties);
  sink.text(packet.clientId);
  if (will !== undefined) {
    if (version === 5) writeProperties(sink, "will", will.properties);
    sink.text(will.topic);
    sink.binary(will.payload);
  }
  if (userName !== undefined) sink.text(userName);
  if (password !== undefined) sink.binary(password);
}

function connectFlags({ cleanStart, will, userName, password }: ConnectPacket): number {
  const willFlags = will === undefined ? 0 : 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0);
  return (
    (cleanStart ? 0x02 : 0) |
    willFlags |
    (password === undefined ? 0 : 0x40) |
    (userName === undefined ? 0 : 0x80)
  );
}
