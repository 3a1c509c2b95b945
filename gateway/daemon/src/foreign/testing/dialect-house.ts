import { Bus, type MqttClient, type MqttMessage, Registry, Transactions } from "@tram/core";
import type { Json, PropertyKey, Thing, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { listeningLog } from "../../mqtt/listeners/testing/door.ts";
import { Dialects } from "../dialects.ts";
import type { ForeignDevice, ForeignMessage } from "../foreign-device.ts";

/** A house that devices describe themselves to, in whatever dialect. */
export class DialectHouse {
  readonly clock = new VirtualClock();
  readonly store: MemoryStore;
  readonly retained = new Map<string, string | Uint8Array>();
  /** Topics that an account may neither say nor hear: `account topic`. */
  readonly forbidden = new Set<string>();
  /** Who may enter. */
  readonly accounts = new Set<string>();
  readonly registry: Registry;
  readonly dialects: Dialects;
  readonly lines: string[];
  /** What the gateway has said: `topic payload`. */
  readonly said: string[] = [];
  readonly #transactions: Transactions;

  constructor(store = new MemoryStore(), { hearsHass = true } = {}) {
    this.store = store;
    const { lines, log } = listeningLog();
    this.lines = lines;
    const bus = new Bus((error) => {
      throw error;
    });
    const { clock } = this;
    this.registry = new Registry({ clock, bus }, { root: "house" });
    this.#transactions = new Transactions(store, log, () => undefined);
    const allowed = (account: string, topic: string): boolean => !this.forbidden.has(`${account} ${topic}`);
    this.dialects = new Dialects({
      bus,
      clock,
      log,
      hearsHass,
      gateway: "house",
      isAccount: (name) => this.accounts.has(name),
      registry: this.registry,
      transactions: this.#transactions,
      rights: { mayPublish: allowed, maySubscribe: allowed },
      retained: (filter) =>
        [...this.retained]
          .filter(
            ([topic]) => topic === filter || (filter.endsWith("#") && topic.startsWith(filter.slice(0, -1))),
          )
          .map(([topic, payload]) => message(topic, payload)),
      publish: (sent: ForeignMessage) => void this.said.push(`${sent.topic} ${sent.payload}`),
    });
  }

  /** The gateway starts with what it knew. */
  async start(): Promise<void> {
    await this.registry.restore(this.store);
    await this.dialects.restore(this.store);
    await this.dialects.recall();
  }

  /** A client says something; with `retain` the broker keeps it. */
  async hear(
    topic: string,
    payload: Json | Uint8Array,
    { as = "plug", retain = false }: { readonly as?: string; readonly retain?: boolean } = {},
  ): Promise<void> {
    const bytes =
      payload instanceof Uint8Array || typeof payload === "string" ? payload : JSON.stringify(payload);
    if (retain) this.retained.set(topic, bytes);
    if (retain && bytes.length === 0) this.retained.delete(topic);
    const client = { username: as } as MqttClient;
    await this.#transactions.transact((unit) => {
      this.dialects.describe(client, message(topic, bytes), unit);
      this.dialects.devices.take(message(topic, bytes), unit);
    });
  }

  /** A device that no dialect of ours describes. */
  async add(device: ForeignDevice): Promise<void> {
    await this.#transactions.transact((unit) => void this.dialects.devices.set(device, unit));
  }

  /** The owner has the gateway forget a Thing. */
  async forget(id: string): Promise<void> {
    await this.#transactions.transact((unit) => void this.registry.household.forget(id as ThingId, unit));
  }

  get things(): readonly string[] {
    return [...this.registry.records()].map(({ thing }) => thing.id).sort();
  }

  thing(id: string): Thing | undefined {
    return this.registry.thing(id as ThingId);
  }

  keys(id: string): readonly string[] {
    return Object.keys(this.thing(id)?.properties ?? {});
  }

  problem(id: string): string | undefined {
    return this.registry.get(id as ThingId)?.problem;
  }

  /** `21.5 good` */
  value(id: string, key: string): string | undefined {
    const reading = this.registry.read(id as ThingId, key as PropertyKey);
    return reading && `${reading.value} ${reading.quality}`;
  }

  availability(id: string): string | undefined {
    return this.registry.get(id as ThingId)?.availability;
  }

  /** What the device is told: `topic payload`, or why not. */
  command(id: string, key: string, value: Json): string {
    const sent = this.dialects.devices.command(id as ThingId, key as PropertyKey, value);
    return typeof sent === "string" ? `refused: ${sent}` : `${sent.topic} ${sent.payload}`;
  }
}

function message(topic: string, payload: string | Uint8Array): MqttMessage {
  return { topic, payload: Buffer.from(payload), qos: 1, retain: true };
}
