import type {
  Availability,
  Cause,
  Command,
  CommandId,
  CommandRequest,
  Json,
  PropertyKey,
  Thing,
  ThingId,
} from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { Bus } from "../../bus.ts";
import { Registry } from "../../registry/registry.ts";
import { Transactions } from "../../transactions.ts";
import { Commands } from "../commands.ts";
import type { Deliver, Delivery } from "../deliveries.ts";

export const FAN = "fan" as ThingId;
export const SPEED = "motor/speed" as PropertyKey;
export const SLOW = "motor/slow" as PropertyKey;
export const LOG = "motor/log" as PropertyKey;
export const PULSE = "motor/pulse" as PropertyKey;
export const HOURS = "motor/hours" as PropertyKey;

export const FAN_THING: Thing = {
  id: "fan",
  title: "Fan",
  properties: {
    [SPEED]: { type: "number", minimum: 0, maximum: 10, multipleOf: 0.5 },
    [SLOW]: { type: "boolean", confirmMs: 60_000 },
    [LOG]: { type: "string", writeOnly: true },
    [PULSE]: { type: "boolean", momentary: true },
    [HOURS]: { type: "integer", readOnly: true },
  },
  actions: { reset: {}, move: { input: { type: "integer", minimum: 0 } } },
};

interface Call {
  readonly command: Command;
  readonly signal: AbortSignal;
  readonly resumed: boolean;
  /** Ends the delivery, where the house was told to wait. */
  readonly answer: (delivery: Delivery) => void;
  readonly fail: (error: Error) => void;
}

/** A house with one fan, whose carrier does what the test says: `sent` at once, unless it is told to wait. */
export async function house(
  parts: { store?: MemoryStore; clock?: VirtualClock; carrier?: "sends" | "waits" } = {},
) {
  const store = parts.store ?? new MemoryStore();
  const clock = parts.clock ?? new VirtualClock();
  const fail = (error: unknown): never => {
    throw error;
  };
  const bus = new Bus(fail);
  const registry = new Registry({ clock, bus });
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const { transact, record } = new Transactions(store, log, () => undefined);
  const calls: Call[] = [];
  const deliver: Deliver = (command, signal, { resumed }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Delivery>();
    calls.push({ command, signal, resumed, answer: resolve, fail: reject });
    if (parts.carrier !== "waits") resolve({ outcome: "sent" });
    return promise;
  };
  const run = crypto.randomUUID().slice(0, 4);
  let ids = 0;
  const commands = new Commands({ clock, bus, registry, deliver, record, newId: () => `c${++ids}-${run}` });
  const told: Command[] = [];
  bus.on("command", (command) => told.push(command));
  await registry.restore(store);
  if (registry.get(FAN) === undefined) {
    await transact((unit) => {
      registry.announce(FAN_THING, "module:sim", unit);
      registry.setAvailability(FAN, "ready", unit);
    });
  }
  /** Lets everything settle that needs no time. */
  const settle = (): Promise<void> => clock.advance(0);
  async function submit(request: Partial<CommandRequest> = {}): Promise<Command> {
    let command: Command | undefined;
    await transact((unit) => {
      command = commands.submit(
        { thing: FAN, target: { property: SPEED }, value: 5, origin: "api:ann", ...request },
        unit,
      );
    });
    await settle();
    if (command === undefined) throw new Error("nothing was submitted");
    return command;
  }
  return {
    store,
    clock,
    bus,
    registry,
    commands,
    calls,
    told,
    transact,
    settle,
    submit,
    write: (value: Json, property = SPEED, more: Partial<CommandRequest> = {}) =>
      submit({ target: { property }, value, ...more }),
    async report(value: Json, property = SPEED, cause?: Cause) {
      const observation = { thing: FAN, property, value, ...(cause === undefined ? {} : { cause }) };
      await transact(
        (unit) => void registry.report([observation], { source: "module:sim", origin: "module:sim" }, unit),
      );
      await settle();
    },
    async become(availability: Availability) {
      await transact((unit) => registry.setAvailability(FAN, availability, unit));
      await settle();
    },
    /** The way that a command went so far. */
    way: (id: CommandId) => told.filter((it) => it.id === id).map((it) => it.state),
    state: (id: CommandId) => {
      const command = commands.get(id);
      return command?.code === undefined ? command?.state : `${command.state}: ${command.code}`;
    },
    kept: async () => [...(await store.entries("commands")).keys()],
  };
}

/** The process is gone and starts again on the same store; the machine was on all the time. */
export async function restarted(
  before: Awaited<ReturnType<typeof house>>,
  carrier: "sends" | "waits" = "sends",
): Promise<Awaited<ReturnType<typeof house>>> {
  before.commands.close();
  return house({ store: before.store, clock: before.clock, carrier });
}
