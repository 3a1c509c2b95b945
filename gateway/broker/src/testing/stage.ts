import type { BrokerLimits } from "../index.ts";
import { type HouseRules, settled, TestHouse } from "./house.ts";
import type { ConnectOptions, RawClient } from "./raw-client.ts";

/** Seconds that sessions last which are to outlive their connection. */
const LASTING_SECONDS = 1_000;

/** A house, and clients of one version in it. */
export class Stage {
  readonly version: 4 | 5;
  #house: TestHouse | undefined;

  constructor(version: 4 | 5) {
    this.version = version;
  }

  get house(): TestHouse {
    if (this.#house === undefined) throw new Error("the house is not open");
    return this.#house;
  }

  /** Opens another house: for a test that needs other limits or rules. */
  async open(limits: Partial<BrokerLimits> = {}, rules: HouseRules = {}): Promise<void> {
    this.#house = await TestHouse.open(limits, rules);
  }

  dial(): RawClient {
    return this.house.dial({ version: this.version });
  }

  connect(clientId: string, options: ConnectOptions = {}): Promise<RawClient> {
    return this.house.connect(clientId, { version: this.version, ...options });
  }

  /** Connects with a session that outlives the connection, and takes up the one that is there. */
  lasting(clientId: string, options: ConnectOptions = {}): Promise<RawClient> {
    return this.connect(clientId, this.lastingOptions(options));
  }

  lastingOptions(options: ConnectOptions = {}): ConnectOptions {
    const expiry = this.version === 5 ? { expiry: LASTING_SECONDS } : {};
    return { cleanStart: false, ...expiry, ...options };
  }

  /** A client that has subscribed, QoS 2 unless told otherwise. */
  async subscriber(filter: string, options: Parameters<RawClient["subscribe"]>[1] = {}): Promise<RawClient> {
    const client = await this.connect("subscriber");
    await client.subscribe(filter, options);
    return client;
  }

  /** A client with a lasting session and a subscription, that was lost. */
  async away(clientId: string, filter: string): Promise<void> {
    const client = await this.lasting(clientId);
    await client.subscribe(filter);
    await this.lose(client);
  }

  /** Breaks a connection, and lets everything that follows happen. */
  async lose(client: RawClient): Promise<void> {
    client.cut();
    await settled();
  }

  /** Publishes by somebody who is here for nothing else, and lets everything that follows happen. */
  async publish(...args: Parameters<RawClient["publish"]>): Promise<void> {
    const [topic, payload, options] = args;
    const publisher = await this.connect(`publisher-${++this.#publishers}`);
    const packetId = publisher.publish(topic, payload, options);
    if (options?.qos === 1) await publisher.next("puback");
    if (options?.qos === 2) {
      await publisher.next("pubrec");
      publisher.answer("pubrel", packetId);
      await publisher.next("pubcomp");
    }
    publisher.disconnect();
    await settled();
  }

  #publishers = 0;
}

/** The payloads of the messages that came and that nobody asked for yet. */
export function texts(client: RawClient): string[] {
  return client.heard.flatMap((packet) => (packet.type === "publish" ? [packet.payload.toString()] : []));
}
