import type { Cause, CommandId, Json, PropertyKey, Reading, Thing, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { Bus } from "../bus.ts";
import { Unit } from "../unit.ts";
import type { Observation } from "./observation.ts";
import { Registry } from "./registry.ts";

const SHED = "shed" as ThingId;
const TEMPERATURE = "air/temperature" as PropertyKey;
const HUMIDITY = "air/humidity" as PropertyKey;
const BUTTON = "air/button" as PropertyKey;
const SIM = "module:sim";

const SHED_THING: Thing = {
  id: "shed",
  title: "Shed",
  properties: {
    [TEMPERATURE]: { type: "number", minimum: -40, maximum: 80, multipleOf: 0.5, readOnly: true },
    [HUMIDITY]: { type: "integer", readOnly: true },
    [BUTTON]: { type: "string", enum: ["short", "long"], momentary: true },
  },
};

/** A registry with everything that it says, written down. */
async function house(
  parts: { store?: MemoryStore; clock?: VirtualClock; maxThings?: number; root?: string } = {},
) {
  const store = parts.store ?? new MemoryStore();
  const clock = parts.clock ?? new VirtualClock();
  const fail = (error: unknown): never => {
    throw error;
  };
  const bus = new Bus(fail);
  const said: string[] = [];
  const readings: Reading[] = [];
  bus.on("thing", ({ thing, problem }) => said.push(`thing ${thing.title}${problem ? `: ${problem}` : ""}`));
  bus.on("retired", ({ id }) => said.push(`retired ${id}`));
  bus.on("availability", ({ record, previous }) => said.push(`${previous} → ${record.availability}`));
  bus.on("reading", ({ reading }) => {
    said.push(`reading ${reading.property} ${JSON.stringify(reading.value)} ${reading.quality}`);
    readings.push(reading);
  });
  bus.on("quality", ({ reading }) => said.push(`quality ${reading.property} ${reading.quality}`));
  const { maxThings, root } = parts;
  const registry = new Registry(
    { clock, bus },
    { ...(maxThings === undefined ? {} : { maxThings }), ...(root === undefined ? {} : { root }) },
  );
  const restored = await registry.restore(store);
  async function within<Result>(work: (unit: Unit) => Result): Promise<Result> {
    const unit = new Unit(store, fail);
    const result = work(unit);
    await unit.commit();
    return result;
  }
  return {
    store,
    clock,
    bus,
    registry,
    restored,
    readings,
    within,
    /** What was said since the last time. */
    heard: () => said.splice(0),
    announce: (thing: unknown, source: "module:sim" | "mqtt:shed" = SIM) =>
      within((unit) => registry.announce(thing, source, unit)),
    report: (property: PropertyKey, value: Json, more: Partial<Observation> = {}) =>
      within((unit) =>
        registry.report([{ thing: SHED, property, value, ...more }], { source: SIM, origin: "device" }, unit),
      ),
    become: (availability: "ready" | "lost" | "sleeping" | "init" | "disconnected") =>
      within((unit) => registry.setAvailability(SHED, availability, unit)),
    qualities: () => Object.fromEntries(registry.readings(SHED).map((it) => [it.property, it.quality])),
  };
}

/** The same house after a restart: a new registry on the same store. */
async function restarted(before: { store: MemoryStore; clock: VirtualClock }) {
  return house({ store: before.store, clock: before.clock });
}

describe("announce", () => {
  test("makes a Thing known, survives a power cut, and is told once", async () => {
    const { store, registry, announce, heard } = await house();
    expect(await announce(SHED_THING)).toEqual({ ok: true });
    expect(await announce(structuredClone(SHED_THING))).toEqual({ ok: true });
    expect(registry.get(SHED)).toEqual({ thing: SHED_THING, source: SIM, availability: "init" });
    expect(heard()).toEqual(["thing Shed"]);
    expect(store.commits.map(({ durability }) => durability)).toEqual(["power"]);
    expect([...(await store.entries("things"))]).toEqual([["shed", { thing: SHED_THING, source: SIM }]]);
  });

  test("refuses what is no Thing with the path, and keeps nothing of it", async () => {
    const { store, registry, announce, heard } = await house();
    const nameless = { id: "shed", properties: {} };
    expect(await announce(nameless)).toEqual({
      ok: false,
      code: "invalid-thing",
      path: "title",
      problem: "is missing",
    });
    expect([registry.size, heard(), store.commits]).toEqual([0, [], []]);
  });

  test("refuses a Thing of somebody else", async () => {
    const { registry, announce } = await house();
    await announce(SHED_THING);
    expect(await announce({ ...SHED_THING, title: "Mine now" }, "mqtt:shed")).toEqual({
      ok: false,
      code: "foreign-thing",
      path: "id",
      problem: "shed belongs to module:sim",
    });
    expect(registry.thing(SHED)?.title).toBe("Shed");
  });

  test("refuses one Thing too many, but a full house may still change", async () => {
    const { announce } = await house({ maxThings: 1 });
    await announce(SHED_THING);
    expect(await announce({ ...SHED_THING, id: "barn" })).toMatchObject({
      ok: false,
      code: "too-many-things",
    });
    expect(await announce({ ...SHED_THING, title: "Old shed" })).toEqual({ ok: true });
  });

  test("a new description drops values that it does not name or does not allow, also after a restart", async () => {
    const before = await house();
    await before.announce(SHED_THING);
    await before.report(TEMPERATURE, 21);
    await before.report(HUMIDITY, 60);
    const { [TEMPERATURE]: temperature } = SHED_THING.properties;
    await before.announce({ ...SHED_THING, properties: { [TEMPERATURE]: temperature } });
    expect(before.registry.readings(SHED).map(({ property }) => property)).toEqual([TEMPERATURE]);
    expect([...(await before.store.entries("shadow")).keys()]).toEqual(["shed/air/temperature"]);
    await before.announce({ ...SHED_THING, properties: { [TEMPERATURE]: { type: "string" } } });
    expect(before.registry.readings(SHED)).toEqual([]);
    expect((await restarted(before)).registry.readings(SHED)).toEqual([]);
  });

  test("keeps the availability and the values that still fit", async () => {
    const { registry, announce, report, become } = await house();
    await announce(SHED_THING);
    await become("ready");
    await report(HUMIDITY, 60);
    await announce({ ...SHED_THING, title: "Old shed" });
    expect(registry.get(SHED)?.availability).toBe("ready");
    expect(registry.read(SHED, HUMIDITY)).toMatchObject({ value: 60, quality: "good" });
  });

  test("a refused description is shown beside the old one, until a sound one comes", async () => {
    const { registry, announce, within, heard } = await house();
    await within((unit) => registry.noteProblem(SHED, "unknown yet", unit));
    await announce(SHED_THING);
    for (let again = 0; again < 2; again++) {
      await within((unit) => registry.noteProblem(SHED, "nodes: expected an object", unit));
    }
    await announce(SHED_THING);
    expect(registry.get(SHED)?.problem).toBeUndefined();
    await within((unit) => registry.noteProblem(SHED, "x".repeat(100_000), unit));
    expect(registry.get(SHED)?.problem).toHaveLength(300);
    await announce(SHED_THING);
    expect(heard().filter((line) => !line.includes("xxx"))).toEqual([
      "thing Shed",
      "thing Shed: nodes: expected an object",
      "thing Shed",
      "thing Shed",
    ]);
  });
});

describe("report", () => {
  test("stamps, rounds to the step, keeps in the same commit, and tells the previous reading", async () => {
    const { clock, bus, store, registry, announce, report } = await house();
    await announce(SHED_THING);
    const previous: unknown[] = [];
    bus.on("reading", ({ previous: before, reading }, unit) => {
      previous.push(before?.value);
      unit.put("history", reading.property, reading.value);
    });
    expect(await report(TEMPERATURE, 21.3)).toEqual([]);
    await report(TEMPERATURE, 22, { time: clock.now() - 500 });
    expect(previous).toEqual([undefined, 21.5]);
    expect(registry.read(SHED, TEMPERATURE)).toEqual({
      thing: SHED,
      property: TEMPERATURE,
      value: 22,
      quality: "good",
      time: clock.now() - 500,
      receivedAt: clock.now(),
      origin: "device",
    });
    const last = store.commits.at(-1);
    expect(last?.durability).toBe("crash");
    expect(last?.operations.map((it) => "table" in it && it.table)).toEqual(["shadow", "history"]);
  });

  test("a value that the description forbids leaves the last good one, marked bad with the reason", async () => {
    const { registry, announce, report } = await house();
    await announce(SHED_THING);
    await report(TEMPERATURE, 21);
    await report(TEMPERATURE, 99);
    await report(TEMPERATURE, null, { problem: "expected a number, found NaN" });
    expect(registry.read(SHED, TEMPERATURE)).toMatchObject({
      value: 21,
      quality: "bad",
      problem: "expected a number, found NaN",
    });
    await report(TEMPERATURE, 21);
    expect(registry.read(SHED, TEMPERATURE)).toMatchObject({ value: 21, quality: "good" });
    expect(registry.read(SHED, TEMPERATURE)?.problem).toBeUndefined();
  });

  test("a first value that is forbidden is bad with no value", async () => {
    const { registry, announce, report } = await house();
    await announce(SHED_THING);
    await report(TEMPERATURE, "warm");
    expect(registry.read(SHED, TEMPERATURE)).toMatchObject({
      value: null,
      quality: "bad",
      problem: 'expected number, found "warm"',
    });
  });

  test("the same observation once more is nothing; the same value at another time is", async () => {
    const { clock, announce, report, heard } = await house();
    await announce(SHED_THING);
    await report(HUMIDITY, 60, { time: clock.now() });
    heard();
    await report(HUMIDITY, 60, { time: clock.now() });
    expect(heard()).toEqual([]);
    await report(HUMIDITY, 61, { time: clock.now() });
    await report(HUMIDITY, 61, { time: clock.now() + 1 });
    await report(HUMIDITY, 61);
    await report(HUMIDITY, 61);
    expect(heard()).toHaveLength(4);
  });

  test("a good value that follows a bad one of the same moment is no repetition", async () => {
    const { clock, announce, report, qualities } = await house();
    await announce(SHED_THING);
    const time = clock.now();
    await report(HUMIDITY, 60, { time });
    await report(HUMIDITY, "60", { time });
    await report(HUMIDITY, 60, { time });
    expect(qualities()).toEqual({ [HUMIDITY]: "good" });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 9e15])(
    "a source time of %d is no moment",
    async (time) => {
      const { clock, readings, announce, report } = await house();
      await announce(SHED_THING);
      await report(HUMIDITY, 60, { time });
      expect(readings[0]?.time).toBe(clock.now());
    },
  );

  test("refuses what fits no Thing of the source, and takes the rest", async () => {
    const { registry, announce, within, readings } = await house();
    await announce(SHED_THING);
    await announce({ ...SHED_THING, id: "barn" }, "mqtt:shed");
    const observe = (thing: string, property: string): Observation => ({
      thing: thing as ThingId,
      property: property as PropertyKey,
      value: 5,
    });
    const observations = [
      observe("ghost", HUMIDITY),
      observe("barn", HUMIDITY),
      observe("shed", "air/pressure"),
      observe("shed", "constructor"),
      observe("shed", HUMIDITY),
    ];
    const refused = await within((unit) => registry.report(observations, { source: SIM, origin: SIM }, unit));
    expect(refused.map(({ code }) => code)).toEqual([
      "unknown-thing",
      "foreign-thing",
      "unknown-property",
      "unknown-property",
    ]);
    expect(readings).toMatchObject([{ thing: SHED, property: HUMIDITY, value: 5, origin: SIM }]);
  });

  test("an occurrence is told and never stored", async () => {
    const before = await house();
    await before.announce(SHED_THING);
    await before.report(BUTTON, "short");
    expect(before.readings).toMatchObject([{ property: BUTTON, value: "short" }]);
    expect(await before.store.entries("shadow")).toEqual(new Map());
    await before.become("lost");
    expect(before.qualities()).toEqual({ [BUTTON]: "good" });
    expect((await restarted(before)).registry.read(SHED, BUTTON)).toBeUndefined();
  });

  test("a property that became an occurrence is not restored as a state", async () => {
    const before = await house();
    await before.announce(SHED_THING);
    await before.report(HUMIDITY, 60);
    const properties = { [HUMIDITY]: { type: "integer", momentary: true } };
    await before.announce({ ...SHED_THING, properties });
    expect((await restarted(before)).registry.readings(SHED)).toEqual([]);
  });

  test("asks for the cause of good readings alone, with the value rounded", async () => {
    const { registry, readings, announce, report } = await house();
    const cause: Cause = { commandId: "c1" as CommandId, depth: 1 };
    const asked: Json[] = [];
    registry.correlateWith(({ value }) => {
      asked.push(value);
      return cause;
    });
    await announce(SHED_THING);
    await report(TEMPERATURE, 21.3);
    await report(TEMPERATURE, 99);
    expect(asked).toEqual([21.5]);
    expect(readings.map((reading) => reading.cause)).toEqual([cause, undefined]);
  });
});

describe("availability", () => {
  async function known() {
    const it = await house();
    await it.announce(SHED_THING);
    await it.become("ready");
    await it.report(TEMPERATURE, 21);
    await it.report(HUMIDITY, 60);
    it.heard();
    return it;
  }

  test("away, good values are stale; ready again, they are good", async () => {
    const { become, heard, qualities } = await known();
    await become("lost");
    expect(qualities()).toEqual({ [TEMPERATURE]: "stale", [HUMIDITY]: "stale" });
    await become("disconnected");
    await become("ready");
    expect(qualities()).toEqual({ [TEMPERATURE]: "good", [HUMIDITY]: "good" });
    expect(heard()).toEqual([
      "ready → lost",
      "quality air/temperature stale",
      "quality air/humidity stale",
      "lost → disconnected",
      "disconnected → ready",
      "quality air/temperature good",
      "quality air/humidity good",
    ]);
  });

  test("neither sleep nor a new start makes values stale, and neither vouches for them", async () => {
    const { become, qualities } = await known();
    await become("sleeping");
    await become("init");
    expect(qualities()[HUMIDITY]).toBe("good");
    await become("lost");
    await become("init");
    await become("sleeping");
    expect(qualities()[HUMIDITY]).toBe("stale");
  });

  test("a bad value stays bad, and its quality is no news", async () => {
    const { become, report, heard, qualities } = await known();
    await report(TEMPERATURE, 99);
    heard();
    await become("lost");
    expect(qualities()[TEMPERATURE]).toBe("bad");
    await become("ready");
    expect(heard()).toEqual([
      "ready → lost",
      "quality air/humidity stale",
      "lost → ready",
      "quality air/humidity good",
    ]);
  });

  test("a reading from a device that is away is good, the others stay stale", async () => {
    const { become, report, registry, qualities } = await known();
    await become("lost");
    await report(HUMIDITY, 61);
    expect(qualities()).toEqual({ [TEMPERATURE]: "stale", [HUMIDITY]: "good" });
    expect(registry.get(SHED)?.availability).toBe("lost");
  });

  test("the same state again, or of an unknown Thing, is no news", async () => {
    const { become, heard, within, registry } = await known();
    await become("ready");
    await within((unit) => registry.setAvailability("ghost" as ThingId, "lost", unit));
    expect(heard()).toEqual([]);
  });
});

describe("after a restart", () => {
  async function before() {
    const it = await house();
    await it.announce(SHED_THING);
    await it.become("ready");
    await it.report(TEMPERATURE, 21);
    await it.report(HUMIDITY, 60);
    return it;
  }

  test("everything is known, nobody is there, and every value is stale", async () => {
    const { registry, restored, heard, qualities } = await restarted(await before());
    expect(restored).toEqual([]);
    expect(registry.get(SHED)).toEqual({ thing: SHED_THING, source: SIM, availability: "unknown" });
    expect(registry.read(SHED, TEMPERATURE)).toMatchObject({ value: 21, quality: "stale" });
    expect(qualities()).toEqual({ [TEMPERATURE]: "stale", [HUMIDITY]: "stale" });
    expect(heard()).toEqual([]);
  });

  test("a reading makes its device ready, and vouches for itself alone", async () => {
    const { report, heard, qualities } = await restarted(await before());
    await report(TEMPERATURE, 22);
    expect(heard()).toEqual(["unknown → ready", "reading air/temperature 22 good"]);
    expect(qualities()).toEqual({ [TEMPERATURE]: "good", [HUMIDITY]: "stale" });
  });

  test("`ready` from the device vouches for all values, also when a reading came first", async () => {
    const data = await before();
    const first = await restarted(data);
    await first.become("ready");
    expect(first.qualities()).toEqual({ [TEMPERATURE]: "good", [HUMIDITY]: "good" });
    const second = await restarted(data);
    await second.report(TEMPERATURE, 22);
    second.heard();
    await second.become("ready");
    expect(second.heard()).toEqual(["quality air/humidity good"]);
  });

  test("the first good value is compared with the one from before", async () => {
    const { bus, report } = await restarted(await before());
    const previous: unknown[] = [];
    bus.on("reading", (event) => previous.push(event.previous?.value));
    await report(TEMPERATURE, 30);
    expect(previous).toEqual([21]);
  });

  test("entries that cannot be read are named and left alone, and the others are there", async () => {
    const { store, clock } = await before();
    await store.commit(
      [
        { op: "put", table: "things", key: "broken", value: { thing: { id: "broken" }, source: SIM } },
        { op: "put", table: "things", key: "empty", value: null },
        { op: "put", table: "shadow", key: "empty", value: null },
        {
          op: "put",
          table: "shadow",
          key: "ghost/a/b",
          value: { thing: "ghost", property: "a/b", value: 1 },
        },
      ],
      "crash",
    );
    const { restored, registry } = await house({ store, clock });
    expect(restored).toEqual([
      { key: "broken", problem: "title: is missing" },
      { key: "empty", problem: "thing: expected an object, found nothing" },
      { key: "empty", problem: "its Thing is unknown" },
      { key: "ghost/a/b", problem: "its Thing is unknown" },
    ]);
    expect([...registry.records()].map(({ thing }) => thing.id)).toEqual(["shed"]);
    expect((await store.entries("things")).has("broken")).toBe(true);
  });
});

describe("the id of the gateway", () => {
  test("is no Thing's, whoever announces it or wants to be called so", async () => {
    const { registry, within } = await house({ root: "shed" });
    expect(await within((unit) => registry.announce(SHED_THING, SIM, unit))).toEqual({
      ok: false,
      code: "foreign-thing",
      path: "id",
      problem: "shed is the gateway itself",
    });
    await within((unit) => registry.announce({ ...SHED_THING, id: "hut" }, SIM, unit));
    const renamed = await within((unit) => registry.household.rename("hut" as ThingId, SHED, unit));
    expect(renamed).toMatchObject({ ok: false, path: "id" });
    expect([...registry.records()].map(({ thing }) => thing.id)).toEqual(["hut"]);
  });

  test("a Thing that has it from before rests until the gateway is called otherwise", async () => {
    const store = new MemoryStore();
    const { registry, within } = await house({ store });
    await within((unit) => registry.announce(SHED_THING, SIM, unit));
    const now = await house({ store, root: "shed" });
    expect(now.restored).toEqual([{ key: "shed", problem: "it has the id of the gateway" }]);
    expect(now.registry.size).toBe(0);
    const { registry: later } = await house({ store, root: "hut" });
    expect(later.thing(SHED)?.title).toBe("Shed");
  });
});

describe("retire", () => {
  test("takes the Thing and its values out of house and store, at once and for good", async () => {
    const before = await house();
    await before.announce(SHED_THING);
    await before.report(TEMPERATURE, 21);
    before.heard();
    expect(await before.within((unit) => before.registry.retire(SHED, SIM, unit))).toBe(true);
    expect(before.heard()).toEqual(["retired shed"]);
    expect(before.store.commits.at(-1)?.durability).toBe("power");
    expect(await before.store.entries("things")).toEqual(new Map());
    expect(await before.store.entries("shadow")).toEqual(new Map());
    expect((await restarted(before)).registry.size).toBe(0);
  });

  test("is for its source alone", async () => {
    const { registry, announce, within, heard } = await house();
    await announce(SHED_THING);
    heard();
    expect(await within((unit) => registry.retire(SHED, "mqtt:shed", unit))).toBe(false);
    expect(await within((unit) => registry.retire("ghost" as ThingId, SIM, unit))).toBe(false);
    expect([registry.size, heard()]).toEqual([1, []]);
  });
});
