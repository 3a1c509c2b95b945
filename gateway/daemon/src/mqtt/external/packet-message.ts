import type { MqttMessage, MqttProperties, Qos } from "@tram/core";
import type { IClientPublishOptions, IPublishPacket } from "mqtt";

type PacketProperties = NonNullable<IPublishPacket["properties"]>;

/** A packet of the broker as the house reads it. */
export function fromPacket(packet: IPublishPacket, version: 4 | 5): MqttMessage {
  const { topic, properties, qos, retain } = packet;
  const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
  return {
    topic,
    payload,
    qos: qos as Qos,
    // 3.1.1 §3.3.1.3: what is new never carries the flag. An empty message that nobody retained has no meaning in Homie:
    // it clears its topic.
    retain: retain || (version === 4 && payload.length === 0),
    ...(version === 5 && properties !== undefined ? { properties: fromProperties(properties) } : {}),
  };
}

/** How mqtt.js is to send a message: at most with QoS 1. */
export function toPublishOptions(message: MqttMessage, version: 4 | 5): IClientPublishOptions {
  const { properties, qos, retain } = message;
  return {
    // A session that the broker has kept may hold identifiers of QoS 2 that a new process does not know.
    qos: qos === 0 ? 0 : 1,
    retain,
    ...(version === 5 && properties !== undefined ? { properties: toProperties(properties) } : {}),
  };
}

function fromProperties(properties: PacketProperties): MqttProperties {
  const { contentType, correlationData, messageExpiryInterval, payloadFormatIndicator, responseTopic } =
    properties;
  return {
    ...(payloadFormatIndicator === true ? { payloadIsText: true } : {}),
    ...(messageExpiryInterval === undefined ? {} : { expirySeconds: messageExpiryInterval }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
    ...(properties.userProperties === undefined
      ? {}
      : {
          userProperties: Object.entries(properties.userProperties).flatMap(([name, value]) =>
            [value].flat().map((one) => [name, one] as const),
          ),
        }),
  };
}

function toProperties(properties: MqttProperties): PacketProperties {
  const { contentType, correlationData, expirySeconds, payloadIsText, responseTopic, userProperties } =
    properties;
  const named: Record<string, string[]> = {};
  for (const [name, value] of userProperties ?? []) named[name] = [...(named[name] ?? []), value];
  return {
    ...(payloadIsText === true ? { payloadFormatIndicator: true } : {}),
    ...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
    ...(userProperties === undefined ? {} : { userProperties: named }),
  };
}
