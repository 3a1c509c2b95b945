import type { PropertyKey, Thing, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { Bus } from "../bus.ts";
import { Unit } from "../unit.ts";
import { Registry } from "./registry.ts";
import { LOOK_MS, StaleWatch } from "./stale-watch.ts";
import { TimeRepair } from "./time-repair.ts";

const SHED = "shed" as ThingId;
const TEMPERATURE = "air/temperature" as PropertyKey;
const PRESS = "door/bell" as PropertyKey;
const SIM = "module:sim";
const MINUTE = 60_000;

async function house(parts: { clock?: VirtualClock; store?: MemoryStore; reportMs?: number } = {}) {
  const clock = parts.clock ?? new VirtualClock();
  const store = parts.store ?? new MemoryStore();
  const fail = (error: unknown): never => {
    throw error;
  };
  const bus = new Bus(fail);
  const registry = new Registry({ clock, bus });
  await registry.restore(store);
  const record = async (work: (unit: Unit) => void): Promise<void> => {
    const unit = new Unit(store, fail);
    work(unit);
    await unit.commit();
  };
  const watch = new StaleWatch({ clock, registry, record });
  const repair = new TimeRepair({ clock, registry, record });
  const told: string[] = [];
  bus.on("quality", ({ reading }) => told.push(reading.quality));
  bus.on("repaired", ({ reading, previous }) => told.push(`${reading.time - previous.time}`));
  const thing: Thing = {
    id: "shed",
    title: "Shed",
    properties: {
      [TEMPERATURE]: {
        type: "number",
        ...(parts.reportMs === undefined ? {} : { reportMs: parts.reportMs }),
      },
      [PRESS]: { type: "boolean", momentary: true },
    },
  };
  if (registry.get(SHED) === undefined) await record((unit) => registry.announce(thing, SIM, unit));
  await record((unit) => registry.setAvailability(SHED, "ready", unit));
  const report = (value: number, more: { time?: number; property?: PropertyKey } = {}): Promise<void> =>
    record((unit) => {
      const observation = { thing: SHED, property: TEMPERATURE, value: value as never, ...more };
      registry.report([observation], { source: SIM, origin: "device" }, unit);
    });
  return {
    clock,
    store,
    registry,
    report,
    told,
    watch,
    repair,
    /** Reports each `everyMs`, `times` times. */
    async keepReporting(times: number, everyMs: number, value = (turn: number): number => turn % 3) {
      for (let turn = 0; turn < times; turn++) {
        await clock.advance(everyMs);
        await report(value(turn >> 1));
      }
    },
    quality: () => registry.read(SHED, TEMPERATURE)?.quality,
    reading: () => registry.read(SHED, TEMPERATURE),
  };
}

describe("a value that is not reported any more", () => {
  test("is stale after three times the interval that its description names", async () => {
    const at = await house({ reportMs: MINUTE });
    await at.report(20);
    await at.clock.advance(3 * MINUTE);
    expect(at.quality()).toBe("good");
    await at.clock.advance(LOOK_MS);
    expect(at.quality()).toBe("stale");
    expect(at.told).toEqual(["stale"]);
    await at.report(20);
    expect(at.quality()).toBe("good");
  });

  test("is stale after three times the interval that its device was seen to keep", async () => {
    const at = await house();
    await at.keepReporting(20, MINUTE);
    await at.clock.advance(3 * MINUTE);
    expect(at.quality()).toBe("good");
    await at.clock.advance(LOOK_MS);
    expect(at.quality()).toBe("stale");
  });

  test("is given the time of a report that was lost now and then", async () => {
    const at = await house();
    for (let turn = 0; turn < 12; turn++) {
      await at.keepReporting(3, MINUTE);
      await at.clock.advance(MINUTE);
    }
    await at.clock.advance(3 * MINUTE);
    expect(at.quality()).toBe("good");
    await at.clock.advance(4 * MINUTE);
    expect(at.quality()).toBe("stale");
  });

  test("of a device that tells what changed is never late", async () => {
    const at = await house();
    await at.keepReporting(60, MINUTE, (turn) => turn * 2 + at.clock.monotonic() / MINUTE);
    await at.clock.advance(24 * 60 * MINUTE);
    expect(at.quality()).toBe("good");
  });

  test("of a device without rhythm is never late", async () => {
    const at = await house();
    for (let turn = 0; turn < 60; turn++) {
      await at.clock.advance(turn % 2 === 0 ? 1_000 : 20 * MINUTE);
      await at.report(turn % 3);
    }
    await at.clock.advance(24 * 60 * MINUTE);
    expect(at.quality()).toBe("good");
  });

  test("of a device whose rhythm became slower is learned anew", async () => {
    const at = await house();
    await at.keepReporting(20, 10_000);
    await at.keepReporting(40, 30 * MINUTE);
    await at.clock.advance(60 * MINUTE);
    expect(at.quality()).toBe("good");
    await at.clock.advance(31 * MINUTE);
    expect(at.quality()).toBe("stale");
  });

  test("an occurrence does not grow old", async () => {
    const at = await house();
    await at.report(true as never, { property: PRESS });
    await at.clock.advance(24 * 60 * MINUTE);
    expect(at.told).toEqual([]);
  });

  test("nobody looks after the house was closed", async () => {
    const at = await house();
    at.watch[Symbol.dispose]();
    expect(at.clock.pending).toBe(0);
  });
});

describe("a reading from before the clock was set", () => {
  const AWAKE = Date.UTC(1970, 0, 1);
  const REAL = Date.UTC(2026, 10, 26, 5, 0, 0);

  const born1970 = (): VirtualClock => new VirtualClock({ wall: AWAKE, trust: "untrusted", bootId: "one" });

  test("gets its time once the clock is set, in memory and on disk", async () => {
    const at = await house({ clock: born1970() });
    await at.report(20);
    await at.clock.advance(10 * MINUTE);
    at.clock.step(REAL - at.clock.now(), "synced");
    await at.clock.advance(0);
    expect(at.reading()).toMatchObject({
      time: REAL - 10 * MINUTE,
      receivedAt: REAL - 10 * MINUTE,
      quality: "good",
    });
    expect(at.reading()?.taken).toBeUndefined();
    expect(at.told).toEqual([`${REAL - 10 * MINUTE - AWAKE}`]);
    const kept = (await at.store.entries("shadow")).get(`shed/${TEMPERATURE}`);
    expect(kept).toMatchObject({ time: REAL - 10 * MINUTE });
  });

  test("keeps the time that a device with a clock of its own told", async () => {
    const at = await house({ clock: born1970() });
    await at.report(20, { time: REAL - 5_000 });
    await at.clock.advance(MINUTE);
    at.clock.step(REAL - at.clock.now(), "synced");
    await at.clock.advance(0);
    expect(at.reading()).toMatchObject({ time: REAL - 5_000, receivedAt: REAL - MINUTE });
  });

  test("a step of a clock that nobody believes repairs nothing", async () => {
    const at = await house({ clock: born1970() });
    await at.report(20);
    at.clock.step(MINUTE, "untrusted");
    await at.clock.advance(0);
    expect(at.reading()).toMatchObject({ time: AWAKE, taken: { bootId: "one" } });
  });

  test("one of an earlier boot stays as it was: nobody knows how long the power was off", async () => {
    const before = await house({ clock: born1970() });
    await before.report(20);
    const clock = new VirtualClock({ wall: AWAKE, trust: "untrusted", bootId: "two" });
    const at = await house({ store: before.store, clock });
    at.clock.step(REAL - at.clock.now(), "synced");
    await at.clock.advance(0);
    expect(at.reading()).toMatchObject({ time: AWAKE, taken: { bootId: "one" } });
  });

  test("with a clock that can be believed a reading carries nothing", async () => {
    const at = await house();
    await at.report(20);
    expect(at.reading()).not.toHaveProperty("taken");
    at.clock.step(3_600_000);
    await at.clock.advance(0);
    expect(at.told).toEqual([]);
  });
});
