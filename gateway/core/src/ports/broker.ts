import type { Unit } from "../unit.ts";
import type {
  MqttAdmission,
  MqttClient,
  MqttLogin,
  MqttMessage,
  MqttSessionView,
  MqttTraffic,
  Qos,
} from "./mqtt.ts";

/** What a broker engine asks of the gateway. None of it may throw; a rejected promise is a refusal. */
export interface BrokerHooks {
  authenticate(login: MqttLogin): Promise<MqttAdmission>;
  mayPublish(client: MqttClient, topic: string): boolean;
  maySubscribe(client: MqttClient, filter: string): boolean;
  /**
   * Takes a message of a client, or a client's will, before it is acknowledged and before it is delivered.
   *
   * What the engine itself must keep of it (the retained value, the queues of clients that are away) goes into the same
   * unit: `enlist` adds it, and is called once and at once, unless the message is swallowed.
   * @returns `true` or resolved with it: kept, acknowledge and route it. `false`: acknowledged and swallowed, for what must
   * not reach subscribers. Without a promise when there was nothing to keep.
   *
   * Rejected with a `StoreError`: not kept, so do not acknowledge it, but route it once (QoS 0) and leave the connection
   * alone: local control goes on. Rejected otherwise: refused, as a message that the client may not publish.
   */
  accept(client: MqttClient, message: MqttMessage, enlist: (unit: Unit) => void): boolean | Promise<boolean>;
  connected(client: MqttClient): void;
  /** @param reason one word or a sentence for people: `closed`, `keep-alive timeout`, `taken over`. */
  disconnected(client: MqttClient, reason: string): void;
}

/** Where clients reach the broker. */
export interface BrokerAddress {
  /** Id of the listener. */
  readonly listener: string;
  readonly protocol: "mqtt" | "mqtts" | "ws" | "wss";
  readonly host: string;
  readonly port: number;
}

export interface BrokerMetrics extends MqttTraffic {
  readonly sessions: number;
  readonly connections: number;
  readonly subscriptions: number;
  readonly retained: number;
  readonly retainedBytes: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** Messages that quotas or full sockets cost since the start. */
  readonly dropped: number;
  /** Logins that were refused since the start. */
  readonly refused: number;
}

/** An MQTT engine. Three stand behind it: our own, aedes, an external broker. */
export interface Broker {
  /**
   * Publishes a message of the gateway. It does not pass the hooks. Resolves when what must be kept of it is kept.
   * @param options.volatile the gateway publishes it anew after each start: its retained value need not be kept.
   * @throws {StoreError} when it could not be kept; it has been routed all the same.
   */
  publish(message: MqttMessage, options?: { readonly volatile?: boolean }): Promise<void>;
  /**
   * Lets a listener in the process hear what matches a filter, retained messages first. Nothing is encoded for it. It gets
   * what clients and the gateway publish once that is kept; it must not throw.
   */
  subscribe(
    filter: string,
    options: { readonly qos: Qos },
    listener: (message: MqttMessage) => void,
  ): Disposable;
  /** Sends a message to one connection, whatever it has subscribed to. @returns false when it is gone. */
  send(client: MqttClient, message: MqttMessage): boolean;
  /** Sessions, with their connection where there is one. */
  sessions(): readonly MqttSessionView[];
  metrics(): BrokerMetrics;
  /**
   * Disconnects the clients of an account, or the one with an id.
   * @param options.forget their sessions end too: nothing waits for them any more.
   * @returns how many connections were closed.
   */
  disconnect(
    who: { readonly username: string } | { readonly clientId: string },
    options: { readonly reason: "administrative" | "not-authorized"; readonly forget?: boolean },
  ): number;
  /**
   * Disconnects the clients that still wait for an acknowledgement which could not be given. Connecting anew, they send
   * again what was not acknowledged (3.1.1 §4.4): call it when it can be kept.
   */
  askAgain(): void;
  /** Disconnects every client and stops listening. */
  close(): Promise<void>;
}
