import type { IClientOptions, IConnackPacket, MqttClient } from "mqtt";
import { ACCOUNT } from "./contract-house.ts";
import { soon } from "./soon.ts";

export interface ContractClientOptions {
  readonly id?: string;
  readonly clean?: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly will?: { readonly topic: string; readonly payload: string; readonly retain?: boolean };
  /** Comes back by itself, and sends again what was not acknowledged. */
  readonly comesBack?: boolean;
}

interface Heard {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** An independent client: mqtt.js over TCP on loopback. */
export class ContractClient {
  readonly heard: readonly Heard[];
  /** Kinds of the packets that came, in order. */
  readonly packets: readonly string[];
  readonly sessionPresent: boolean;
  readonly #client: MqttClient;
  readonly #version: 4 | 5;
  #closed = false;

  /** @throws when the login is refused. */
  static async connect(
    port: number,
    version: 4 | 5,
    options: ContractClientOptions = {},
  ): Promise<ContractClient> {
    // Loaded where it is used: other tests want other parts of the kit.
    const { connect } = await import("mqtt");
    const client = connect(clientOptions(port, version, options));
    // What waited for a session comes right behind CONNACK.
    const packets: string[] = [];
    client.on("packetreceive", ({ cmd }) => void packets.push(cmd));
    const heard: Heard[] = [];
    client.on("message", (topic, payload, { qos, retain }) => {
      heard.push({ topic, payload: payload.toString(), qos, retain });
    });
    const answer = new Promise<IConnackPacket>((resolve, reject) => {
      client.once("connect", resolve);
      client.once("error", reject);
      client.once("close", () => reject(new Error("closed without an answer")));
    });
    try {
      return new ContractClient(client, version, { heard, packets, connack: await soon("CONNACK", answer) });
    } catch (error) {
      client.end(true);
      throw error;
    }
  }

  private constructor(
    client: MqttClient,
    version: 4 | 5,
    { heard, packets, connack }: { heard: Heard[]; packets: string[]; connack: IConnackPacket },
  ) {
    this.heard = heard;
    this.#client = client;
    this.#version = version;
    this.packets = packets;
    this.sessionPresent = connack.sessionPresent;
    client.on("error", () => undefined);
    client.on("close", () => {
      this.#closed = true;
    });
    client.on("connect", () => {
      this.#closed = false;
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  get payloads(): string[] {
    return this.heard.map(({ payload }) => payload);
  }

  /** @returns the granted QoS, or 0x80 and above. */
  async subscribe(filter: string, qos: 0 | 1 | 2 = 1): Promise<number> {
    try {
      const [granted] = await soon("SUBACK", this.#client.subscribeAsync(filter, { qos }));
      return granted?.qos ?? 0x80;
    } catch (error) {
      const { packet } = error as { packet?: { granted?: readonly number[] } };
      if (packet?.granted?.[0] !== undefined) return packet.granted[0];
      throw error;
    }
  }

  /** Resolves when the broker has the message; rejects when it refuses it. */
  async publish(
    topic: string,
    payload: string,
    options: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean } = {},
  ): Promise<void> {
    await soon("the acknowledgement", this.send(topic, payload, options));
  }

  /** As `publish`, without a limit to its patience. */
  async send(
    topic: string,
    payload: string,
    { qos = 1, retain = false }: { readonly qos?: 0 | 1 | 2; readonly retain?: boolean } = {},
  ): Promise<void> {
    await this.#client.publishAsync(topic, payload, { qos, retain });
  }

  /** Says goodbye. */
  async disconnect(): Promise<void> {
    // A session of MQTT 5 stays as long as its CONNECT said, not longer.
    await soon("the goodbye", this.#client.endAsync(false, this.#version === 5 ? { reasonCode: 0 } : {}));
  }

  /** Is gone without a word. */
  cut(): void {
    this.#client.stream.destroy();
    this.#client.end(true);
  }
}

function clientOptions(port: number, version: 4 | 5, options: ContractClientOptions): IClientOptions {
  const { clean = true, comesBack = false, id, will } = options;
  const { username, password } = { ...ACCOUNT, ...options };
  return {
    host: "127.0.0.1",
    port,
    protocolVersion: version,
    ...(id === undefined ? {} : { clientId: id }),
    clean,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    reconnectPeriod: comesBack ? 50 : 0,
    keepalive: 60,
    connectTimeout: 4_000,
    ...(version === 5 && !clean ? { properties: { sessionExpiryInterval: 600 } } : {}),
    ...(will === undefined
      ? {}
      : {
          will: {
            ...will,
            payload: Buffer.from(will.payload),
            qos: 1 as const,
            retain: will.retain === true,
          },
        }),
  };
}
