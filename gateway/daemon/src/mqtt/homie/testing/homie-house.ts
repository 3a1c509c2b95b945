import { openTramBroker, type TramBroker } from "@tram/broker";
import {
  Bus,
  Commands,
  type Deliver,
  type Log,
  type MqttClient,
  Registry,
  type Source,
  Transactions,
} from "@tram/core";
import type { CommandId, PropertyKey, Reading, Thing, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { HomieIn } from "../../homie-in.ts";
import { HomieOut } from "../../homie-out.ts";
import { listeningLog } from "../../listeners/testing/door.ts";
import { DescriptionVersions } from "../description-versions.ts";
import { DeviceNotes } from "../device-notes.ts";

/** A message as a subscriber gets it. */
export interface Heard {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
}

/** A house that speaks Homie through the own engine: devices say what they want, and what the gateway says is written down. */
export class HomieHouse implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly store: MemoryStore;
  readonly bus = new Bus((error) => {
    throw error;
  });
  readonly registry: Registry;
  readonly notes: DeviceNotes;
  readonly homie: HomieIn;
  readonly commands: Commands;
  readonly transactions: Transactions;
  readonly heard: Heard[] = [];
  /** Warnings and errors of the log. */
  readonly lines: string[];
  readonly log: Log;
  /** What becomes of commands to Things of modules. */
  delivery: Deliver = async () => ({ outcome: "sent" });
  #broker: TramBroker | undefined;
  #out: HomieOut | undefined;
  #starts = 0;

  constructor(store = new MemoryStore()) {
    this.store = store;
    const { lines, log } = listeningLog();
    this.lines = lines;
    this.log = log;
    this.registry = new Registry({ clock: this.clock, bus: this.bus });
    this.transactions = new Transactions(store, log, () => undefined);
    this.notes = new DeviceNotes({ clock: this.clock, bus: this.bus });
    let ids = 0;
    this.commands = new Commands({
      clock: this.clock,
      bus: this.bus,
      registry: this.registry,
      deliver: (...call) => this.delivery(...call),
      record: this.transactions.record,
      newId: () => `c${++ids}`,
    });
    this.homie = new HomieIn({
      registry: this.registry,
      commands: this.commands,
      transactions: this.transactions,
      notes: this.notes,
      clock: this.clock,
      log,
      root: "house" as ThingId,
      onExactly: (command: CommandId, payload) => this.#out?.writtenAs(command, payload),
    });
  }

  /** Speaks outward too. */
  async speak(): Promise<this> {
    const { clock, store, transactions, log } = this;
    this.#broker = await openTramBroker(
      { limits: {} },
      {
        authenticate: async () => ({ refused: "not-authorized" }),
        mayPublish: () => false,
        maySubscribe: () => false,
        accept: () => false,
        connected: () => undefined,
        disconnected: () => undefined,
      },
      { clock, log, store, transactions },
    );
    this.#broker.subscribe("#", { qos: 1 }, ({ topic, payload, qos }) => {
      this.heard.push({ topic, payload: Buffer.from(payload).toString(), qos });
    });
    const root = { id: "house" as ThingId, name: "House" };
    const versions = new DescriptionVersions(++this.#starts);
    this.#out = new HomieOut({
      broker: this.#broker,
      registry: this.registry,
      bus: this.bus,
      log,
      root,
      versions,
    });
    this.#out.start();
    await settled();
    return this;
  }

  /** A device, or whoever has this account, publishes; it is kept and acknowledged. @returns whether it is routed. */
  async say(
    topic: string,
    payload: string | Uint8Array | object,
    options: { retain?: boolean; username?: string } = {},
  ): Promise<boolean> {
    const { retain = true, username = "devices" } = options;
    const unit = this.transactions.open();
    const bytes =
      typeof payload === "string"
        ? Buffer.from(payload)
        : payload instanceof Uint8Array
          ? payload
          : Buffer.from(JSON.stringify(payload));
    const message = { topic: `homie/5/${topic}`, payload: bytes, qos: 1, retain } as const;
    const route = this.homie.take(clientOf(username), message, unit);
    await unit.commit();
    await settled();
    return route;
  }

  recall(topic: string, payload: string): Promise<void> {
    const message = {
      topic: `homie/5/${topic}`,
      payload: Buffer.from(payload),
      qos: 1,
      retain: true,
    } as const;
    return this.transactions.record((unit) => this.homie.recall(message, unit));
  }

  /** A module announces a Thing. */
  async announce(thing: Thing, source: Source = "module:sim"): Promise<void> {
    await this.transactions.transact((unit) => {
      const result = this.registry.announce(thing, source, unit);
      if (!result.ok) throw new Error(`${result.path}: ${result.problem}`);
    });
    await settled();
  }

  async retire(id: string, source: Source = "module:sim"): Promise<void> {
    await this.transactions.transact((unit) => void this.registry.retire(id as ThingId, source, unit));
    await settled();
  }

  /** A module reports. */
  async report(thing: string, property: string, value: Reading["value"]): Promise<void> {
    const observation = { thing: thing as ThingId, property: property as PropertyKey, value };
    await this.transactions.transact((unit) => {
      this.registry.report([observation], { source: "module:sim", origin: "device" }, unit);
    });
    await settled();
  }

  availability(id: string): string | undefined {
    return this.registry.get(id as ThingId)?.availability;
  }

  read(id: string, property: string): Reading | undefined {
    return this.registry.read(id as ThingId, property as PropertyKey);
  }

  /** What the gateway published since the last look, in order. */
  news(filter = ""): string[] {
    const found = this.heard.splice(0).filter(({ topic }) => topic.startsWith(`homie/5/${filter}`));
    return found.map(({ topic, payload }) => `${topic.slice("homie/5/".length)} ${payload}`);
  }

  /** Topics that the broker has retained messages of. */
  retained(): string[] {
    const found: string[] = [];
    this.#broker
      ?.subscribe("homie/5/#", { qos: 1 }, ({ topic }) => found.push(topic.slice("homie/5/".length)))
      [Symbol.dispose]();
    return found.sort();
  }

  /** Says goodbye in order. */
  async stop(): Promise<void> {
    await this.#out?.stop();
    await settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.commands.close();
    this.homie[Symbol.dispose]();
    this.#out?.[Symbol.dispose]();
    await this.#broker?.close();
  }
}

/** A description with one node `light`. */
export function described(properties: object, device: object = {}): object {
  return { homie: "5.0", version: 1, nodes: { light: { properties } }, ...device };
}

/** What was put off to the next turn of the event loop has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function clientOf(username: string): MqttClient {
  return { id: username, username, address: "192.0.2.7", listener: "tcp", protocol: "5.0", connectedAt: 0 };
}
