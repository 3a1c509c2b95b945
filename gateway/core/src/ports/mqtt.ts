import type { EpochMs } from "@tram/protocol";

export type Qos = 0 | 1 | 2;

/** What MQTT 5.0 can say about a message besides its topic (§3.3.2.3); 3.1.1 knows none of it. */
export interface MqttProperties {
  /** The payload is UTF-8 text. */
  readonly payloadIsText?: boolean | undefined;
  /** Seconds after which nobody wants the message any more, from the moment in which the broker took it. */
  readonly expirySeconds?: number | undefined;
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
  /** Names and values, in their order; names may repeat. */
  readonly userProperties?: readonly (readonly [name: string, value: string])[] | undefined;
}

export interface MqttMessage {
  /** A topic name without wildcards. */
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties?: MqttProperties | undefined;
}

/** Of a certificate that a client proved to have the key of, once its chain was checked. */
export interface MqttCertificate {
  /** The common name of its subject: the account that it stands for. */
  readonly commonName: string;
  /** Hexadecimal, as the authority numbered it. */
  readonly serial: string;
}

/** Who knocks. */
export interface MqttLogin {
  /** As the client gave it; empty when it left the choice to the server. */
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly certificate: MqttCertificate | undefined;
  /** IP address of the other end. */
  readonly address: string;
  /** Id of the listener that it came through. */
  readonly listener: string;
}

/** `banned` tells a client to stay away for a while: too many attempts failed. */
export type MqttRefusal = "bad-credentials" | "not-authorized" | "banned";

/** The answer to a login. */
export type MqttAdmission = { readonly account: string } | { readonly refused: MqttRefusal };

/** An authenticated connection. The object stands for it: a client that connects anew is another. */
export interface MqttClient {
  readonly id: string;
  /** The account; what `origin` and access rights go by. */
  readonly username: string;
  readonly address: string;
  /** Id of the listener that it came through. */
  readonly listener: string;
  readonly protocol: "3.1.1" | "5.0";
  readonly connectedAt: EpochMs;
}

/** What flowed since the start, seen from the broker. */
export interface MqttTraffic {
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** A session as people see it. */
export interface MqttSessionView {
  readonly id: string;
  readonly username: string;
  /** Undefined while the client is away. */
  readonly connection: MqttClient | undefined;
  readonly traffic: MqttTraffic;
  /** In seconds; 0 ends with the connection, Infinity never. */
  readonly expirySeconds: number;
  readonly keepAliveSeconds: number;
  readonly subscriptions: readonly { readonly filter: string; readonly qos: Qos }[];
  /** Messages that wait for the client or its acknowledgement. */
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** Messages that the quota or a full socket cost. */
  readonly dropped: number;
  readonly will: { readonly topic: string; readonly qos: Qos; readonly retain: boolean } | undefined;
  /** It does not take what it is sent as fast as it comes. */
  readonly slow: boolean;
  readonly lastDisconnect: { readonly at: EpochMs; readonly reason: string } | undefined;
}
