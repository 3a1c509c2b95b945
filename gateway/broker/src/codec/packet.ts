import type { PropertiesOf } from "./properties.ts";

/** The protocol level that stands in CONNECT: 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolVersion = 4 | 5;

export type QoS = 0 | 1 | 2;

/** Packet types with their number on the wire: MQTT 3.1.1, table 2.1; MQTT 5.0, table 2-1. */
export const PACKET_TYPE = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

export type PacketType = keyof typeof PACKET_TYPE;

/** What the broker publishes for a client that is gone. */
export interface Will {
  /** A topic name: not empty, no wildcards. */
  readonly topic: string;
  /** At most 65,535 bytes. */
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: PropertiesOf["will"];
}

export interface ConnectPacket {
  readonly type: "connect";
  readonly version: ProtocolVersion;
  /** Clean Session in 3.1.1, Clean Start in 5.0. */
  readonly cleanStart: boolean;
  /** Seconds, 0–65,535; 0 switches it off. */
  readonly keepAliveSeconds: number;
  /** May be empty; whether that is allowed depends on `cleanStart` and the version, and is the session's to say. */
  readonly clientId: string;
  readonly will: Will | undefined;
  readonly userName: string | undefined;
  /** Binary in both versions. */
  readonly password: Buffer | undefined;
  readonly properties: PropertiesOf["connect"];
}

export interface ConnackPacket {
  readonly type: "connack";
  readonly sessionPresent: boolean;
  /** A reason code in 5.0, a return code 0–5 in 3.1.1: the two differ. */
  readonly reasonCode: number;
  readonly properties: PropertiesOf["connack"];
}

export interface PublishPacket {
  readonly type: "publish";
  /** A topic name without wildcards; empty only in 5.0 and with a topic alias. */
  readonly topic: string;
  /**
   * Decoded, this is a view of the bytes that were fed to the decoder, or of the buffer in which it put the packet
   * together. Nobody writes there again, unless the caller reuses its chunk: copy what is kept for longer, for a view
   * of 20 bytes holds a chunk of 64 kB in memory.
   */
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 1–65,535; 0 when QoS is 0, where there is none. */
  readonly packetId: number;
  readonly properties: PropertiesOf["publish"];
}

export type AcknowledgementType = "puback" | "pubrec" | "pubrel" | "pubcomp";

interface Acknowledgement<T extends AcknowledgementType> {
  readonly type: T;
  /** 1–65,535. */
  readonly packetId: number;
  /** 0 in 3.1.1, which has none. */
  readonly reasonCode: number;
  readonly properties: PropertiesOf[T];
}

export type PubackPacket = Acknowledgement<"puback">;
export type PubrecPacket = Acknowledgement<"pubrec">;
export type PubrelPacket = Acknowledgement<"pubrel">;
export type PubcompPacket = Acknowledgement<"pubcomp">;
export type AcknowledgementPacket = PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket;

/** One line of SUBSCRIBE. In 3.1.1 there is only the QoS: the rest is false, false and 0. */
export interface Subscription {
  /** A well-formed topic filter, at least one character; in 5.0 perhaps `$share/<name>/<filter>`. */
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 sends retained messages, 1 only for a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2;
}

export interface SubscribePacket {
  readonly type: "subscribe";
  readonly packetId: number;
  /** At least one. */
  readonly subscriptions: readonly Subscription[];
  readonly properties: PropertiesOf["subscribe"];
}

export interface SubackPacket {
  readonly type: "suback";
  readonly packetId: number;
  /** One for each subscription, in its order. */
  readonly reasonCodes: readonly number[];
  readonly properties: PropertiesOf["suback"];
}

export interface UnsubscribePacket {
  readonly type: "unsubscribe";
  readonly packetId: number;
  /** At least one. */
  readonly filters: readonly string[];
  readonly properties: PropertiesOf["unsubscribe"];
}

export interface UnsubackPacket {
  readonly type: "unsuback";
  readonly packetId: number;
  /** One for each filter, in its order; none in 3.1.1. */
  readonly reasonCodes: readonly number[];
  readonly properties: PropertiesOf["unsuback"];
}

export interface PingreqPacket {
  readonly type: "pingreq";
}

export interface PingrespPacket {
  readonly type: "pingresp";
}

export interface DisconnectPacket {
  readonly type: "disconnect";
  /** 0 in 3.1.1, which has none. */
  readonly reasonCode: number;
  readonly properties: PropertiesOf["disconnect"];
}

/** Only in MQTT 5.0. */
export interface AuthPacket {
  readonly type: "auth";
  readonly reasonCode: number;
  readonly properties: PropertiesOf["auth"];
}

export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;
