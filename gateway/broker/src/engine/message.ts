import type { MqttMessage, MqttProperties } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { ProtocolVersion, PublishPacket, QoS } from "../codec/packet.ts";
import { NO_PROPERTIES, type PropertiesOf } from "../codec/properties.ts";
import { encodePublish, type PublishFrame } from "../codec/write-publish.ts";
import type { TopicName } from "../topics/index.ts";

/** What the properties of a message say that goes on to its subscribers as it is (5.0 §3.3.2.3). */
export type ForwardedProperties = Omit<PropertiesOf["will"], "willDelaySeconds" | "messageExpirySeconds">;

/** A message on its way through the broker. */
export class Message {
  readonly topic: TopicName;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: ForwardedProperties;
  /** By the monotonic clock: the wall clock may step. Undefined for never. */
  readonly expiresAt: Ms | undefined;
  /** Which session published it, for No Local; undefined for the gateway. */
  readonly publisher: object | undefined;
  /** Several get it: it is worth to encode it for all. */
  shared = false;
  #payload: Buffer;
  #own: boolean;
  /** Encoded for many; by version, QoS and retain. Messages that expire are encoded each time, for their time runs. */
  #frames: (PublishFrame | undefined)[] | undefined;

  constructor(parts: {
    topic: TopicName;
    payload: Buffer;
    qos: QoS;
    retain: boolean;
    properties?: ForwardedProperties;
    expiresAt?: Ms | undefined;
    publisher?: object | undefined;
    /** The payload is a view of bytes that somebody else will use again. */
    borrowed?: boolean;
  }) {
    this.topic = parts.topic;
    this.#payload = parts.payload;
    this.#own = parts.borrowed !== true;
    this.qos = parts.qos;
    this.retain = parts.retain;
    this.properties = parts.properties ?? NO_PROPERTIES;
    this.expiresAt = parts.expiresAt;
    this.publisher = parts.publisher;
  }

  get payload(): Buffer {
    return this.#payload;
  }

  /** What it counts against quotas, in bytes: what it takes in memory, roughly. */
  get bytes(): number {
    return messageBytes(this.topic, this.#payload.length, this.properties);
  }

  /** Whoever holds on to the message calls this: a view of twenty bytes would hold a chunk of 64 kB. */
  keep(): this {
    if (!this.#own) {
      this.#payload = Buffer.from(this.#payload);
      this.#own = true;
    }
    return this;
  }

  /** The same message at QoS 0, for when it could not be kept. */
  atMostOnce(): Message {
    const { expiresAt, payload, properties, publisher, retain, topic } = this;
    return new Message({
      topic,
      payload,
      qos: 0,
      retain,
      properties,
      expiresAt,
      publisher,
      borrowed: !this.#own,
    });
  }

  /** The packet for all subscribers of a kind, encoded once. Only where nothing of it differs between them. */
  frame(version: ProtocolVersion, qos: QoS, retain: boolean): PublishFrame {
    const index = (version === 5 ? 6 : 0) + qos * 2 + (retain ? 1 : 0);
    this.#frames ??= [];
    let frame = this.#frames[index];
    if (frame === undefined) {
      const { topic, properties } = this;
      frame = encodePublish({ topic, payload: this.#payload, qos, retain, properties }, version);
      this.#frames[index] = frame;
    }
    return frame;
  }

  /** Seconds that are left of its life, rounded up; undefined when it does not expire ([MQTT-3.3.2-6]). */
  remainingSeconds(now: Ms): number | undefined {
    return this.expiresAt === undefined ? undefined : Math.max(0, Math.ceil((this.expiresAt - now) / 1_000));
  }

  hasExpired(now: Ms): boolean {
    return this.expiresAt !== undefined && this.expiresAt <= now;
  }
}

/** What a message counts against quotas, in bytes. */
export function messageBytes(
  topic: TopicName,
  payloadBytes: number,
  properties: ForwardedProperties = NO_PROPERTIES,
): number {
  const bytes = topic.length + payloadBytes + 64;
  return properties === NO_PROPERTIES ? bytes : bytes + propertyBytes(properties);
}

function propertyBytes({
  contentType = "",
  correlationData,
  responseTopic = "",
  userProperties = [],
}: ForwardedProperties): number {
  let bytes = contentType.length + responseTopic.length + (correlationData?.length ?? 0);
  for (const [name, value] of userProperties) bytes += name.length + value.length + 64;
  return bytes;
}

/** A message as the house sees it. */
export function toMqttMessage(message: Message, now: Ms): MqttMessage {
  const { topic, payload, qos, retain, properties } = message;
  const base = { topic, payload, qos, retain };
  const expirySeconds = message.remainingSeconds(now);
  if (properties === NO_PROPERTIES && expirySeconds === undefined) return base;
  const { payloadIsUtf8, ...rest } = properties;
  return { ...base, properties: { ...rest, payloadIsText: payloadIsUtf8, expirySeconds } };
}

/** A message of the house. */
export function ofMqttMessage(message: MqttMessage, topic: TopicName, now: Ms): Message {
  const { payload, properties, qos, retain } = message;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return new Message({
    topic,
    payload: bytes,
    qos,
    retain,
    ...(properties === undefined ? {} : { properties: ofMqttProperties(properties) }),
    expiresAt: expiryOf(properties?.expirySeconds, now),
    borrowed: true,
  });
}

/** A message of a client. */
export function ofPublish(packet: PublishPacket, topic: TopicName, publisher: object, now: Ms): Message {
  const { payload, properties, qos, retain } = packet;
  const plain = properties === NO_PROPERTIES;
  return new Message({
    topic,
    payload,
    qos,
    retain,
    properties: plain ? NO_PROPERTIES : forwarded(properties),
    expiresAt: plain ? undefined : expiryOf(properties.messageExpirySeconds, now),
    publisher,
    borrowed: true,
  });
}

/** The properties that subscribers get ([MQTT-3.3.2-4], [MQTT-3.3.2-15], -16, -17, -20). */
export function forwarded(properties: PropertiesOf["publish"] & PropertiesOf["will"]): ForwardedProperties {
  const { messageExpirySeconds, topicAlias, subscriptionIdentifiers, willDelaySeconds, ...rest } = properties;
  return Object.keys(rest).length === 0 ? NO_PROPERTIES : rest;
}

export function expiryOf(seconds: number | undefined, now: Ms): Ms | undefined {
  return seconds === undefined ? undefined : now + seconds * 1_000;
}

function ofMqttProperties(properties: MqttProperties): ForwardedProperties {
  const { contentType, correlationData, payloadIsText, responseTopic, userProperties } = properties;
  return {
    ...(payloadIsText !== undefined && { payloadIsUtf8: payloadIsText }),
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData) }),
    ...(userProperties !== undefined && { userProperties }),
  };
}
