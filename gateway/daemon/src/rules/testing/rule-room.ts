import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Bus,
  Commands,
  type Durability,
  type MqttMessage,
  type Operation,
  Registry,
  Transactions,
} from "@tram/core";
import type { Command, Json, PropertyKey, Thing, ThingId, TraceView } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { RuleHouse, type RuleHouseParts } from "../rule-house.ts";
import { RuleVersions } from "../rule-versions.ts";

/** A store whose process ends: once it is dead a commit is kept, and nobody hears of it any more. */
export class MortalStore extends MemoryStore {
  #dies: ((operations: readonly Operation[]) => boolean) | undefined;

  /** The process ends right after the first commit that this is true of. */
  dieAfter(dies: (operations: readonly Operation[]) => boolean): void {
    this.#dies = dies;
  }

  revive(): void {
    this.#dies = undefined;
  }

  override async commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    await super.commit(operations, durability);
    if (this.#dies === undefined || !this.#dies(operations)) return;
    this.#dies = () => true;
    await new Promise(() => undefined);
  }
}

export const MODEM: Thing = {
  id: "modem",
  title: "Modem",
  properties: { "radio/on": { type: "boolean" }, "radio/level": { type: "integer" } },
  actions: { reset: {}, "send-sms": { input: { type: "object" } } },
};
export const ON = "radio/on" as PropertyKey;

export interface RoomOptions {
  readonly rules: string;
  readonly ways?: Partial<RuleHouseParts["ways"]>;
  readonly things?: readonly Thing[];
}

/** A house with rules in memory: everything real but the devices and the broker. */
export class RuleRoom implements Disposable {
  readonly store = new MortalStore();
  readonly clock = new VirtualClock();
  readonly published: MqttMessage[] = [];
  /** What was sent to devices, over all lives. */
  readonly sent: Command[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), "tram-rule-room-"));
  readonly #options: RoomOptions;
  #life = 0;
  rules!: RuleHouse;
  registry!: Registry;
  commands!: Commands;
  transactions!: Transactions;
  bus!: Bus;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.write(options.rules);
  }

  write(rules: string): void {
    writeFileSync(join(this.folder, "rules.yaml"), rules);
  }

  /** Starts the house; once more it is the next life of it, over what the store has kept. */
  async start(): Promise<this> {
    const life = ++this.#life;
    const { clock, store } = this;
    store.revive();
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const fail = (error: unknown): never => {
      throw error;
    };
    this.bus = new Bus(fail);
    this.transactions = new Transactions(store, log, () => undefined);
    this.registry = new Registry({ clock, bus: this.bus });
    await this.registry.restore(store);
    let ids = 0;
    this.commands = new Commands({
      clock,
      bus: this.bus,
      registry: this.registry,
      deliver: async (command) => {
        if (life === this.#life) this.sent.push(command);
        return { outcome: "sent" };
      },
      record: this.transactions.record,
      newId: () => `c${life}-${++ids}`,
    });
    this.rules = new RuleHouse({
      clock,
      bus: this.bus,
      registry: this.registry,
      commands: this.commands,
      transactions: this.transactions,
      log,
      folder: this.folder,
      gateway: "house",
      timezone: "UTC",
      versions: new RuleVersions({ clock, log, store, transactions: this.transactions }),
      journal: undefined,
      meter: { verdict: "ok" },
      ways: {
        broker: () => ({
          publish: async (message) => {
            if (life === this.#life) this.published.push(message);
          },
        }),
        httpHosts: [],
        webhooks: [],
        online: () => undefined,
        ...this.#options.ways,
      },
      onChange: () => undefined,
    });
    await this.rules.start(store);
    await this.transactions.record((unit) => {
      for (const thing of this.#options.things ?? [MODEM]) {
        this.registry.announce(thing, "module:sim", unit);
        this.registry.setAvailability(thing.id as ThingId, "ready", unit);
      }
    });
    await this.commands.resume(store);
    this.rules.open();
    await clock.advance(1_000);
    return this;
  }

  /** The process ends right after the commit of what the rules decide now, before anything of it is done. */
  dieBeforeSending(): void {
    this.store.dieAfter((operations) =>
      operations.some((one) => "table" in one && one.table === "rules" && one.op === "put"),
    );
  }

  /** A client publishes. It does not wait for the acknowledgement: who has died gives none. */
  async message(topic: string, payload = "1"): Promise<void> {
    void this.transactions.record((unit) =>
      this.rules.topics.take({ topic, payload: Buffer.from(payload), qos: 1, retain: false }, unit),
    );
    await this.clock.advance(0);
  }

  async report(property: PropertyKey, value: Json): Promise<void> {
    await this.transactions.record((unit) => {
      const observation = { thing: "modem" as ThingId, property, value };
      this.registry.report([observation], { source: "module:sim", origin: "module:sim" }, unit);
    });
    await this.clock.advance(0);
  }

  traces(rule: string): readonly TraceView[] {
    return this.rules.traces(rule)?.traces ?? [];
  }

  /** Rows of a table. */
  async rows(table: string): Promise<number> {
    return (await this.store.entries(table)).size;
  }

  /** The process ends. */
  end(): void {
    this.#life++;
    this.rules[Symbol.dispose]();
    this.commands.close();
  }

  [Symbol.dispose](): void {
    this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
