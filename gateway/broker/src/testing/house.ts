import { duplexPair } from "node:stream";
import {
  type BrokerHooks,
  type Log,
  type LogFields,
  type MqttAdmission,
  type MqttClient,
  type MqttLogin,
  type MqttMessage,
  type Store,
  Transactions,
  type Unit,
} from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { type BrokerLimits, openTramBroker, type TramBroker, type TramBrokerOptions } from "../index.ts";
import { type ConnectOptions, RawClient } from "./raw-client.ts";

/** What the tests let the house say. Everybody may do everything unless a test says otherwise. */
export interface HouseRules {
  authenticate?: (login: MqttLogin) => MqttAdmission | Promise<MqttAdmission>;
  mayPublish?: (client: MqttClient, topic: string) => boolean;
  maySubscribe?: (client: MqttClient, filter: string) => boolean;
  /** Writes of the house that go with a message; `false` swallows it. */
  accept?: (client: MqttClient, message: MqttMessage, unit: Unit) => boolean | undefined;
}

/** A broker with a house around it: virtual time, a store that can fail, connections in memory. */
export class TestHouse {
  readonly clock = new VirtualClock();
  readonly store: MemoryStore;
  readonly lines: string[] = [];
  readonly disconnected: string[] = [];
  rules: HouseRules = {};
  #broker: TramBroker | undefined;
  readonly #options: TramBrokerOptions;
  #life = { over: false };

  constructor(options: TramBrokerOptions = {}, store = new MemoryStore()) {
    this.#options = options;
    this.store = store;
  }

  static async open(limits: Partial<BrokerLimits> = {}, rules: HouseRules = {}): Promise<TestHouse> {
    const house = new TestHouse({ limits });
    house.rules = rules;
    await house.start();
    return house;
  }

  get broker(): TramBroker {
    if (this.#broker === undefined) throw new Error("the broker is not open");
    return this.#broker;
  }

  /** Opens the broker on what the store holds. Called again without a stop, it is what a crash leaves. */
  async start(): Promise<void> {
    this.#life.over = true;
    const life = { over: false };
    this.#life = life;
    const store: Store = {
      entries: (table) => this.store.entries(table),
      rows: (log, options) => this.store.rows(log, options),
      extent: (log) => this.store.extent(log),
      close: () => this.store.close(),
      // A process that is gone writes nothing more, and nobody hears from it.
      commit: (operations, durability) =>
        life.over ? new Promise(() => undefined) : this.store.commit(operations, durability),
    };
    const line =
      (level: string) =>
      (fields: LogFields, text: string): void =>
        void this.lines.push(`${level}: ${text} ${JSON.stringify(fields)}`);
    const log: Log = {
      debug: () => undefined,
      info: () => undefined,
      warn: line("warn"),
      error: line("error"),
    };
    const transactions = new Transactions(store, log, () => undefined);
    const hooks: BrokerHooks = {
      authenticate: async (login) =>
        (await this.rules.authenticate?.(login)) ?? { account: login.username ?? "somebody" },
      mayPublish: (client, topic) => this.rules.mayPublish?.(client, topic) ?? true,
      maySubscribe: (client, filter) => this.rules.maySubscribe?.(client, filter) ?? true,
      accept: (client, message, enlist) => {
        const unit = transactions.open();
        const route = this.rules.accept?.(client, message, unit) ?? true;
        if (route) enlist(unit);
        const kept = unit.settle();
        return kept === undefined ? route : kept.then(() => route);
      },
      connected: () => undefined,
      disconnected: ({ id }, reason) => void this.disconnected.push(`${id}: ${reason}`),
    };
    this.#broker = await openTramBroker(this.#options, hooks, {
      clock: this.clock,
      log,
      store,
      transactions,
    });
  }

  /** A connection that has not said anything yet. */
  dial(options: { readonly address?: string; readonly version?: 4 | 5 } = {}): RawClient {
    const [ours, theirs] = duplexPair();
    this.broker.attach(theirs, { address: options.address ?? "192.0.2.7", listener: "memory" });
    return new RawClient(ours, options.version ?? 5);
  }

  /** A connection that is in. */
  async connect(
    clientId: string,
    { version = 5, ...options }: ConnectOptions & { readonly version?: 4 | 5 } = {},
  ): Promise<RawClient> {
    const client = this.dial({ version });
    const answer = await client.connect(clientId, options);
    if (answer.reasonCode !== 0) throw new Error(`CONNACK ${answer.reasonCode}`);
    return client;
  }

  /** Moves the clock, and lets everything that follows happen. */
  async pass(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1_000);
    await settled();
  }
}

/** Resolves when nothing is under way any more: streams in memory and the store answer within a few turns. */
export async function settled(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
