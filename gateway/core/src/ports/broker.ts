import type { EpochMs } from "@tram/protocol";

export type Qos = 0 | 1 | 2;

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
}

/** An authenticated connection. */
export interface MqttClient {
  readonly id: string;
  /** The account; what `origin` and access rights go by. */
  readonly username: string;
  readonly address: string;
  readonly connectedAt: EpochMs;
}

/** What a broker engine asks of the gateway. None of it may throw; a rejected promise is a refusal. */
export interface BrokerHooks {
  /** Checks a user name and a password; answers with the account, or `undefined` to keep the door shut. */
  authenticate(username: string | undefined, password: Uint8Array | undefined): Promise<string | undefined>;
  mayPublish(client: MqttClient, topic: string): boolean;
  maySubscribe(client: MqttClient, filter: string): boolean;
  /**
   * Takes a message of a client, or a client's will, before it is acknowledged and before it is delivered.
   * Resolved: kept, acknowledge and route it. Rejected with a `StoreError`: not kept, so do not acknowledge it, but
   * route it once (QoS 0) and leave the connection alone: local control goes on. Rejected otherwise: refused, and the
   * connection is closed.
   * `false`: acknowledged and swallowed, for what must not reach subscribers.
   */
  accept(client: MqttClient, message: MqttMessage): Promise<boolean>;
  connected(client: MqttClient): void;
  disconnected(client: MqttClient, reason: string): void;
}

/** An MQTT engine. Three stand behind it: aedes, our own, an external broker. */
export interface Broker {
  /** TCP address that clients reach; port 0 in the options is resolved here. */
  readonly listening: readonly { readonly host: string; readonly port: number }[];
  /** Publishes a message of the gateway. It does not pass the hooks. */
  publish(message: MqttMessage): Promise<void>;
  clients(): readonly MqttClient[];
  /**
   * Disconnects the clients that still wait for an acknowledgement which could not be given. Connecting anew, they send
   * again what was not acknowledged (3.1.1 §4.4): call it when it can be kept.
   */
  askAgain(): void;
  /** Disconnects every client and stops listening. */
  close(): Promise<void>;
}
