import type { Packet, ProtocolVersion, Will } from "../codec/packet.ts";
import type { Properties } from "../codec/properties.ts";

/** A packet as `mqtt-packet` has it. */
export interface PeerPacket {
  readonly cmd: string;
  readonly [field: string]: unknown;
}

/** The peer's names of properties, where they differ from ours. */
const NAMES: Readonly<Record<string, string>> = {
  payloadIsUtf8: "payloadFormatIndicator",
  messageExpirySeconds: "messageExpiryInterval",
  subscriptionIdentifiers: "subscriptionIdentifier",
  sessionExpirySeconds: "sessionExpiryInterval",
  serverKeepAliveSeconds: "serverKeepAlive",
  willDelaySeconds: "willDelayInterval",
  maximumQos: "maximumQoS",
};

/** Translates; fields that are undefined are absent for the peer. */
export function toPeer(packet: Packet, version: ProtocolVersion): PeerPacket {
  const properties = "properties" in packet ? propertiesOf(packet.properties) : {};
  const reason = "reasonCode" in packet && version === 5 ? { reasonCode: packet.reasonCode } : {};
  const id = "packetId" in packet && packet.packetId > 0 ? { messageId: packet.packetId } : {};
  return { cmd: packet.type, ...id, ...reason, ...fieldsOf(packet, version), ...properties };
}

function fieldsOf(packet: Packet, version: ProtocolVersion): Record<string, unknown> {
  switch (packet.type) {
    case "connect":
      return {
        protocolId: "MQTT",
        protocolVersion: version,
        clean: packet.cleanStart,
        keepalive: packet.keepAliveSeconds,
        clientId: packet.clientId,
        ...(packet.will === undefined ? {} : { will: willOf(packet.will) }),
        ...(packet.userName === undefined ? {} : { username: packet.userName }),
        ...(packet.password === undefined ? {} : { password: packet.password }),
      };
    case "connack":
      return {
        sessionPresent: packet.sessionPresent,
        ...(version === 4 ? { returnCode: packet.reasonCode } : {}),
      };
    case "publish": {
      const { topic, payload, qos, retain, dup } = packet;
      return { topic, payload, qos, retain, dup };
    }
    case "subscribe":
      return {
        subscriptions: packet.subscriptions.map((line) => {
          const options = { nl: line.noLocal, rap: line.retainAsPublished, rh: line.retainHandling };
          return { topic: line.filter, qos: line.qos, ...(version === 5 ? options : {}) };
        }),
      };
    case "suback":
      return { granted: packet.reasonCodes };
    case "unsuback":
      return version === 5 ? { granted: packet.reasonCodes } : {};
    case "unsubscribe":
      return { unsubscriptions: packet.filters };
    default:
      return {};
  }
}

function willOf({ topic, payload, qos, retain, properties }: Will): Record<string, unknown> {
  return { topic, payload, qos, retain, ...propertiesOf(properties) };
}

function propertiesOf(properties: Properties): { properties?: Record<string, unknown> } {
  const entries = Object.entries(properties).map(([name, value]) => [
    NAMES[name] ?? name,
    name === "userProperties" ? grouped(value) : single(value),
  ]);
  return entries.length === 0 ? {} : { properties: Object.fromEntries(entries) };
}

function single(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

function grouped(pairs: NonNullable<Properties["userProperties"]>): Record<string, unknown> {
  const groups: Record<string, string[]> = Object.create(null);
  for (const [name, value] of pairs) {
    groups[name] ??= [];
    groups[name].push(value);
  }
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, values] of Object.entries(groups)) result[name] = single(values);
  return result;
}
