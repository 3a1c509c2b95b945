import type {
  Command,
  CommandRequest,
  Json,
  Origin,
  PropertyKey,
  SafeState,
  Thing,
  ThingId,
} from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { Bus } from "../bus.ts";
import { Commands } from "../commands/commands.ts";
import { Registry } from "../registry/registry.ts";
import { Transactions } from "../transactions.ts";
import { Unit } from "../unit.ts";
import { INSIST_MS, RETURN_MS, SafeActuators } from "./safe-actuators.ts";

const PUMP = "pump" as ThingId;
const TANK = "tank" as ThingId;
const ON = "motor/on" as PropertyKey;
const LEVEL = "water/level" as PropertyKey;
const MINUTE = 60_000;

interface HouseOptions {
  readonly store?: MemoryStore;
  readonly clock?: VirtualClock;
  readonly safe?: SafeState;
  readonly hold?: { holdMs: number; atDevice?: boolean };
  /** What the pump does with a command. */
  readonly pump?: "obeys" | "jams" | "is silent";
}

/** A house with a pump that does what it is told, and a tank. */
async function house(options: HouseOptions = {}) {
  const store = options.store ?? new MemoryStore();
  const clock = options.clock ?? new VirtualClock();
  const fail = (error: unknown): never => {
    throw error;
  };
  const bus = new Bus(fail);
  const registry = new Registry({ clock, bus });
  await registry.restore(store);
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const { transact, record } = new Transactions(store, log, () => undefined);
  const sent: Json[] = [];
  const how = { pump: options.pump ?? "obeys" };
  const commands = new Commands({
    clock,
    bus,
    registry,
    record,
    newId: () => crypto.randomUUID(),
    deliver: async ({ value }) => {
      sent.push(value);
      if (how.pump === "obeys") void report(value);
      return { outcome: "sent" };
    },
  });
  const gone = new Set<Origin>();
  const listeners = new Set<() => void>();
  const safety = new SafeActuators({
    clock,
    bus,
    registry,
    commands,
    record,
    presence: {
      isPresent: (origin) => !gone.has(origin),
      onChange: (listener) => {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
    },
  });
  await safety.restore(store);
  const alarms: string[] = [];
  bus.on("notification", ({ level, text }) => alarms.push(`${level}: ${text}`));
  const told: Command[] = [];
  bus.on("command", (command) => told.push(command));
  const silent = options.pump === "is silent";
  const motor: Thing["properties"][string] = {
    type: "boolean",
    ...(silent ? { writeOnly: true } : {}),
    ...(options.safe === undefined ? {} : { safe: options.safe }),
    ...(options.hold === undefined ? {} : { hold: options.hold }),
  };
  await transact((unit) => {
    registry.announce({ id: "pump", title: "Pump", properties: { [ON]: motor } }, "module:sim", unit);
    registry.announce(
      { id: "tank", title: "Tank", properties: { [LEVEL]: { type: "number" } } },
      "module:sim",
      unit,
    );
  });
  async function report(value: Json, property = ON, thing = PUMP): Promise<void> {
    await record((unit) =>
      registry.report([{ thing, property, value }], { source: "module:sim", origin: "device" }, unit),
    );
    await clock.advance(0);
  }
  const ask = async (value: Json, origin: Origin, more: Partial<CommandRequest> = {}): Promise<Command> => {
    let command: Command | undefined;
    await transact((unit) => {
      command = commands.submit({ thing: PUMP, target: { property: ON }, value, origin, ...more }, unit);
    });
    await clock.advance(0);
    if (command === undefined) throw new Error("nothing was asked");
    return command;
  };
  return {
    store,
    clock,
    registry,
    commands,
    safety,
    sent,
    alarms,
    told,
    how,
    report,
    ask,
    ready: async () => {
      await transact((unit) => {
        registry.setAvailability(PUMP, "ready", unit);
        registry.setAvailability(TANK, "ready", unit);
      });
      await clock.advance(0);
    },
    become: async (state: "ready" | "lost", thing = TANK) => {
      await transact((unit) => registry.setAvailability(thing, state, unit));
      await clock.advance(0);
    },
    leave: async (origin: Origin, there = false) => {
      if (there) gone.delete(origin);
      else gone.add(origin);
      for (const listener of listeners) listener();
      await clock.advance(0);
    },
    release: () => transact((unit) => void safety.release(PUMP, ON, unit)),
    running: () => registry.read(PUMP, ON)?.value,
    view: () => {
      const { now: _now, ...view } = safety.view(PUMP, ON) ?? { now: 0 };
      return view;
    },
    kept: async () => (await store.entries("safety")).get(`pump/${ON}`),
    stop: () => {
      safety[Symbol.dispose]();
      commands.close();
    },
  };
}

const TWENTY: SafeState = { value: false, maxOnMs: 20 * MINUTE };

async function started(options: HouseOptions = {}) {
  const at = await house(options);
  await at.ready();
  await at.report(false);
  at.sent.length = 0;
  return at;
}

describe("the longest time", () => {
  test("stops a pump after it, whatever asked for it to run", async () => {
    for (const origin of ["rule:water", "mqtt:ha", "cloud:up", "api:ann"] as const) {
      const at = await started({ safe: TWENTY });
      await at.ask(true, origin);
      await at.clock.advance(20 * MINUTE - 1);
      expect(at.running()).toBe(true);
      await at.clock.advance(1);
      expect(at.running()).toBe(false);
      expect(at.told.at(-1)).toMatchObject({
        origin: "system",
        state: "confirmed",
        why: expect.stringContaining("20 min"),
      });
      at.stop();
    }
  });

  test("also stops what was switched on at the device itself", async () => {
    const at = await started({ safe: TWENTY });
    await at.report(true);
    await at.clock.advance(20 * MINUTE);
    expect(at.sent).toEqual([false]);
  });

  test("is not begun anew by asking again", async () => {
    const at = await started({ safe: TWENTY });
    await at.ask(true, "rule:water");
    for (let minute = 0; minute < 19; minute++) {
      await at.clock.advance(MINUTE);
      await at.ask(true, "rule:water");
    }
    await at.clock.advance(MINUTE);
    expect(at.running()).toBe(false);
  });

  test("nor by somebody else who asks", async () => {
    const at = await started({ safe: TWENTY });
    await at.ask(true, "rule:water");
    await at.clock.advance(15 * MINUTE);
    await at.ask(true, "mqtt:ha");
    await at.clock.advance(5 * MINUTE);
    expect(at.running()).toBe(false);
  });

  test("is begun anew once the pump was off", async () => {
    const at = await started({ safe: TWENTY });
    await at.ask(true, "rule:water");
    await at.clock.advance(15 * MINUTE);
    await at.ask(false, "rule:water");
    await at.ask(true, "rule:water");
    await at.clock.advance(15 * MINUTE);
    expect(at.running()).toBe(true);
  });

  test("is followed by a rest, in which machines are refused and people are not", async () => {
    const at = await started({ safe: { ...TWENTY, restMs: 5 * MINUTE } });
    await at.ask(true, "rule:water");
    await at.clock.advance(20 * MINUTE);
    expect(await at.ask(true, "rule:water")).toMatchObject({ state: "refused", code: "resting" });
    expect(await at.ask(false, "rule:water")).toMatchObject({ state: "accepted" });
    expect(at.view()).toEqual({ restsForMs: 5 * MINUTE });
    await at.clock.advance(5 * MINUTE);
    expect(await at.ask(true, "rule:water")).toMatchObject({ state: "accepted" });
    await at.clock.advance(20 * MINUTE);
    expect(await at.ask(true, "api:ann")).toMatchObject({ state: "accepted" });
  });

  test("counts on over a restart, with the time that the gateway was off", async () => {
    const before = await started({ safe: TWENTY });
    await before.ask(true, "rule:water");
    await before.clock.advance(5 * MINUTE);
    before.stop();
    await before.clock.advance(10 * MINUTE);
    const at = await house({ store: before.store, clock: before.clock, safe: TWENTY });
    await at.ready();
    await at.report(true);
    expect(at.view()).toEqual({ stopsInMs: 5 * MINUTE });
    await at.clock.advance(5 * MINUTE);
    expect(at.running()).toBe(false);
  });

  test("does not follow the wall clock", async () => {
    const at = await started({ safe: TWENTY });
    await at.ask(true, "rule:water");
    at.clock.step(10 * 365 * 24 * 60 * MINUTE);
    await at.clock.advance(20 * MINUTE - 1);
    expect(at.running()).toBe(true);
    at.clock.step(-24 * 60 * MINUTE);
    await at.clock.advance(1);
    expect(at.running()).toBe(false);
  });

  test("stops what reports nothing", async () => {
    const at = await house({ safe: TWENTY, pump: "is silent" });
    await at.ready();
    await at.ask(true, "rule:water");
    await at.clock.advance(20 * MINUTE);
    expect(at.sent).toEqual([true, false]);
    await at.clock.advance(INSIST_MS * 3);
    expect(at.sent).toEqual([true, false]);
  });

  test("is insisted on until the device obeys, and people are told once", async () => {
    const at = await started({ safe: TWENTY });
    await at.ask(true, "rule:water");
    at.how.pump = "jams";
    await at.clock.advance(20 * MINUTE);
    await at.clock.advance(INSIST_MS * 4);
    expect(at.sent).toEqual([true, false, false, false, false, false]);
    expect(at.alarms).toEqual(["alarm: pump/motor/on does not go to its safe value false"]);
    await at.report(false);
    await at.clock.advance(INSIST_MS * 4);
    expect(at.sent.length).toBe(6);
  });

  test("holds from the moment that the owner sets it, for what runs already", async () => {
    const at = await started();
    await at.ask(true, "rule:water");
    await at.clock.advance(60 * MINUTE);
    const settings = { properties: { [ON]: { safe: TWENTY } } };
    const unit = new Unit(at.store, () => undefined);
    expect(at.registry.household.changeSettings(PUMP, settings, unit)).toEqual({ ok: true });
    await unit.commit();
    await at.clock.advance(20 * MINUTE);
    expect(at.running()).toBe(false);
  });
});

describe("at the start of the gateway", () => {
  const SAFE_FIRST: SafeState = { value: false, onStart: "safe" };

  test("the safe value is set once its device is there", async () => {
    const at = await house({ safe: SAFE_FIRST });
    expect(at.sent).toEqual([]);
    await at.ready();
    expect(at.sent).toEqual([false]);
  });

  test("nothing is sent where the device reports the safe value, or nobody asked for that", async () => {
    const kept = await house({ safe: { value: false } });
    await kept.report(true);
    await kept.ready();
    expect(kept.sent).toEqual([]);
  });

  test("it is set once, and not each time the device comes back", async () => {
    const at = await house({ safe: SAFE_FIRST });
    await at.ready();
    await at.ask(true, "api:ann");
    await at.become("lost", PUMP);
    await at.become("ready", PUMP);
    expect(at.running()).toBe(true);
  });
});

describe("when whoever asked is gone", () => {
  const SOON: SafeState = { value: false, onSourceLostMs: MINUTE };

  test.each(["mqtt:ha", "cloud:up", "rule:water"] as const)(
    "%s: the safe value is set after the time for it",
    async (origin) => {
      const at = await started({ safe: SOON });
      await at.ask(true, origin);
      await at.leave(origin);
      await at.clock.advance(MINUTE - 1);
      expect(at.running()).toBe(true);
      await at.clock.advance(1);
      expect(at.running()).toBe(false);
      expect(at.told.at(-1)?.why).toContain(origin);
    },
  );

  test("who comes back in time is not missed", async () => {
    const at = await started({ safe: SOON });
    await at.ask(true, "mqtt:ha");
    await at.leave("mqtt:ha");
    await at.clock.advance(MINUTE - 1);
    await at.leave("mqtt:ha", true);
    await at.clock.advance(60 * MINUTE);
    expect(at.running()).toBe(true);
  });

  test("somebody else who is gone does not matter, nor who asked before", async () => {
    const at = await started({ safe: SOON });
    await at.ask(true, "mqtt:ha");
    await at.ask(true, "api:ann");
    await at.leave("mqtt:ha");
    await at.leave("cloud:up");
    await at.clock.advance(60 * MINUTE);
    expect(at.running()).toBe(true);
  });

  test("the sensor behind a rule is a source as well", async () => {
    const at = await started({ safe: SOON });
    await at.report(80, LEVEL, TANK);
    await at.ask(true, "rule:drain", { because: { thing: TANK, property: LEVEL } });
    await at.become("lost");
    await at.clock.advance(MINUTE);
    expect(at.running()).toBe(false);
  });

  test("after a restart everybody is given time to come back", async () => {
    const before = await started({ safe: { value: false, onSourceLostMs: 0 } });
    await before.ask(true, "mqtt:ha");
    before.stop();
    const at = await house({
      store: before.store,
      clock: before.clock,
      safe: { value: false, onSourceLostMs: 0 },
    });
    await at.leave("mqtt:ha");
    await at.ready();
    await at.report(true);
    await at.clock.advance(RETURN_MS - 1);
    expect(at.running()).toBe(true);
    await at.clock.advance(1);
    expect(at.running()).toBe(false);
  });
});

describe("what a person has set", () => {
  const HOLD = { holdMs: 30 * MINUTE };

  test("machines leave alone for a while; people do not have to", async () => {
    const at = await started({ hold: HOLD });
    await at.ask(true, "api:ann");
    expect(await at.ask(false, "rule:stairs")).toMatchObject({
      state: "refused",
      code: "held",
      reason: "set by ann; machines keep off for 30 min more",
    });
    expect(await at.ask(false, "mqtt:ha")).toMatchObject({ code: "held" });
    expect(await at.ask(false, "api:bob")).toMatchObject({ state: "accepted" });
    expect(at.view()).toEqual({ heldForMs: 30 * MINUTE, heldBy: "api:bob" });
    await at.clock.advance(30 * MINUTE);
    expect(await at.ask(true, "rule:stairs")).toMatchObject({ state: "accepted" });
  });

  test("does not keep anybody from the safe value", async () => {
    const at = await started({ hold: HOLD, safe: { value: false } });
    await at.ask(true, "api:ann");
    expect(await at.ask(true, "rule:leak")).toMatchObject({ code: "held" });
    expect(await at.ask(false, "rule:leak")).toMatchObject({ state: "accepted" });
  });

  test("can be released", async () => {
    const at = await started({ hold: HOLD });
    await at.ask(true, "api:ann");
    await at.release();
    expect(at.view()).toEqual({});
    expect(await at.ask(false, "rule:stairs")).toMatchObject({ state: "accepted" });
  });

  test("holds over a restart", async () => {
    const before = await started({ hold: HOLD });
    await before.ask(true, "api:ann");
    before.stop();
    await before.clock.advance(10 * MINUTE);
    const at = await house({ store: before.store, clock: before.clock, hold: HOLD });
    expect(at.view()).toEqual({ heldForMs: 20 * MINUTE, heldBy: "api:ann" });
  });

  test("at the device itself counts where that is wanted, and what was asked for does not", async () => {
    const at = await started({ hold: { ...HOLD, atDevice: true } });
    await at.ask(true, "rule:stairs");
    expect(at.view()).toEqual({});
    await at.report(false);
    expect(at.view()).toEqual({ heldForMs: 30 * MINUTE, heldBy: "device" });
    expect(await at.ask(true, "rule:stairs")).toMatchObject({ code: "held" });

    // Done late, when its command has expired already.
    const slow = await started({ hold: { ...HOLD, atDevice: true }, pump: "jams" });
    await slow.ask(true, "rule:stairs");
    await slow.clock.advance(MINUTE);
    await slow.report(true);
    expect(slow.view()).toEqual({});

    const other = await started({ hold: HOLD });
    await other.report(true);
    expect(other.view()).toEqual({});
  });
});

test("what guards nothing keeps nothing, and a Thing that is gone takes its state along", async () => {
  const at = await started({ safe: TWENTY });
  await at.ask(true, "rule:water");
  expect(await at.kept()).toMatchObject({ away: { by: "rule:water" } });
  await at.ask(false, "rule:water");
  expect(await at.kept()).toBeUndefined();
  await at.ask(true, "rule:water");
  const unit = new Unit(at.store, () => undefined);
  at.registry.household.forget(PUMP, unit);
  await unit.commit();
  expect(await at.kept()).toBeUndefined();
  at.stop();
  expect(at.clock.pending).toBe(0);
});

test("a row that cannot be read guards nothing, and disturbs nobody", async () => {
  const store = new MemoryStore();
  const rows: Json[] = [
    null,
    5,
    "x",
    {},
    { away: 5 },
    { away: { since: {}, by: 5 } },
    { hold: { since: null } },
  ];
  for (const [turn, value] of rows.entries()) {
    await store.commit([{ op: "put", table: "safety", key: `pump/motor/r${turn}`, value }], "crash");
  }
  const at = await house({ store, safe: TWENTY });
  expect(at.view()).toEqual({});
  await at.ready();
  await at.ask(true, "rule:water");
  expect(at.running()).toBe(true);
});
