import { Bus, type MqttMessage, Registry, Transactions } from "@tram/core";
import type { Json, PropertyKey, ThingId, TopicMapping } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { ForeignDevices } from "../../foreign/foreign-devices.ts";
import { listeningLog } from "../../mqtt/listeners/testing/door.ts";
import { MappingRoom } from "../mapping-room.ts";

/** A house that devices publish plain topics to. */
export class MappingHouse {
  readonly clock = new VirtualClock();
  readonly store: MemoryStore;
  readonly retained = new Map<string, string>();
  readonly subscribed: string[] = [];
  readonly registry: Registry;
  readonly transactions: Transactions;
  readonly foreign: ForeignDevices;
  readonly room: MappingRoom;
  readonly lines: string[];
  changes = 0;

  constructor(
    options: {
      store?: MemoryStore;
      configured?: readonly TopicMapping[];
      maxThings?: number;
      external?: boolean;
    } = {},
  ) {
    const { configured = [], maxThings = 2_000, store = new MemoryStore() } = options;
    const { lines, log } = listeningLog();
    this.store = store;
    this.lines = lines;
    const bus = new Bus((error) => {
      throw error;
    });
    this.registry = new Registry({ clock: this.clock, bus }, { maxThings });
    this.transactions = new Transactions(store, log, () => undefined);
    this.foreign = new ForeignDevices({
      clock: this.clock,
      log,
      registry: this.registry,
      transactions: this.transactions,
      // No account may do anything: a mapping is trusted all the same.
      rights: { mayPublish: () => false, maySubscribe: () => false },
      publish: () => undefined,
      retained: (topic) => {
        const payload = this.retained.get(topic);
        return payload === undefined ? undefined : message(topic, payload);
      },
    });
    this.room = new MappingRoom({
      clock: this.clock,
      registry: this.registry,
      bus,
      transactions: this.transactions,
      foreign: this.foreign,
      log,
      configured,
      gateway: "house",
      external: options.external === true,
      broker: () => ({ sessions: () => [sessionOf(this.subscribed)] }),
      onChange: () => {
        this.changes++;
      },
    });
  }

  /** A house that finds what an earlier one has kept. */
  async restored(): Promise<this> {
    await this.registry.restore(this.store);
    await this.room.restore(this.store);
    await this.room.mappings.recall();
    return this;
  }

  async hear(topic: string, payload: string | Uint8Array, username = "node"): Promise<void> {
    const heard = message(topic, payload);
    await this.transactions.transact((unit) => {
      if (!this.foreign.take(heard, unit)) this.room.take({ username }, heard, unit);
    });
  }

  put(mapping: unknown, revision?: string) {
    const { id } = mapping as { id: string };
    return this.room.mappings.put(id, mapping as Json, { by: "minh", revision });
  }

  get things(): readonly string[] {
    return [...this.registry.records()].map(({ thing }) => thing.id);
  }

  value(thing: string, key = "air/temperature"): string | undefined {
    const reading = this.registry.read(thing as ThingId, key as PropertyKey);
    return reading && `${JSON.stringify(reading.value)} ${reading.quality}`;
  }

  problem(thing: string, key = "air/temperature"): string | undefined {
    return this.registry.read(thing as ThingId, key as PropertyKey)?.problem;
  }
}

export function message(topic: string, payload: string | Uint8Array): MqttMessage {
  return { topic, payload: Buffer.from(payload as string), qos: 1, retain: false };
}

function sessionOf(filters: readonly string[]) {
  const traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
  return {
    id: "node",
    username: "node",
    connection: undefined,
    traffic,
    expirySeconds: 0,
    keepAliveSeconds: 60,
    subscriptions: filters.map((filter) => ({ filter, qos: 1 as const })),
    queuedMessages: 0,
    queuedBytes: 0,
    dropped: 0,
    will: undefined,
    slow: false,
    lastDisconnect: undefined,
  };
}
