import type { PropertyKey, Thing, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { Bus, type Source } from "../bus.ts";
import { Unit } from "../unit.ts";
import type { Observation } from "./observation.ts";
import { ECHO_MS, Registry } from "./registry.ts";

const LAMP = "lamp" as ThingId;
const NEW = "lamp-2" as ThingId;
const ON = "light/on" as PropertyKey;
const LEVEL = "light/level" as PropertyKey;
const BLE: Source = "module:ble";
const WIFI: Source = "mqtt:lamp-2";

const thing = (id: string, more: Thing["properties"] = {}): Thing => ({
  id,
  title: `Lamp ${id}`,
  properties: { [ON]: { type: "boolean" }, ...more },
});

/** A house with a lamp on Bluetooth and another one on Wi-Fi. */
async function house(parts: { store?: MemoryStore; clock?: VirtualClock } = {}) {
  const store = parts.store ?? new MemoryStore();
  const clock = parts.clock ?? new VirtualClock();
  const fail = (error: unknown): never => {
    throw error;
  };
  const bus = new Bus(fail);
  const said: string[] = [];
  bus.on("thing", ({ thing: { id, title } }) => said.push(`thing ${id} ${title}`));
  bus.on("retired", ({ id }) => said.push(`retired ${id}`));
  bus.on("availability", ({ record }) => said.push(`${record.thing.id} ${record.availability}`));
  bus.on("reading", ({ reading }) => said.push(`${reading.thing}/${reading.property} ${reading.value}`));
  bus.on("quality", ({ reading }) => said.push(`${reading.thing}/${reading.property} ${reading.quality}`));
  const registry = new Registry({ clock, bus });
  const unreadable = await registry.restore(store);
  async function within<Result>(work: (unit: Unit) => Result): Promise<Result> {
    const unit = new Unit(store, fail);
    const result = work(unit);
    await unit.commit();
    return result;
  }
  return {
    store,
    clock,
    registry,
    unreadable,
    household: registry.household,
    within,
    heard: () => said.splice(0),
    announce: (described: Thing, source: Source) =>
      within((unit) => registry.announce(described, source, unit)),
    report: (name: ThingId, source: Source, value: boolean | number, more: Partial<Observation> = {}) =>
      within((unit) =>
        registry.report([{ thing: name, property: ON, value, ...more }], { source, origin: "device" }, unit),
      ),
    become: (name: ThingId, state: "ready" | "lost" | "sleeping") =>
      within((unit) => registry.setAvailability(name, state, unit)),
    values: (id: ThingId) =>
      Object.fromEntries(registry.readings(id).map((it) => [it.property, [it.value, it.quality]])),
  };
}

/** The same house after a restart. */
function restarted({ store, clock }: { store: MemoryStore; clock: VirtualClock }) {
  return house({ store, clock });
}

async function twoLamps() {
  const at = await house();
  await at.announce(thing("lamp"), BLE);
  await at.announce(thing("lamp-2", { [LEVEL]: { type: "integer" } }), WIFI);
  await at.become(LAMP, "ready");
  await at.become(NEW, "ready");
  at.heard();
  return at;
}

describe("settings", () => {
  test("name, area, tags and notes hold after a restart and a new description", async () => {
    const at = await twoLamps();
    expect(await at.within((unit) => at.household.putArea({ id: "hall", title: "Hall" }, unit))).toEqual({
      ok: true,
    });
    const settings = {
      title: "Hall lamp",
      area: "hall",
      tags: ["night"],
      icon: "mdi:lamp",
      notes: "by the door",
    };
    expect(await at.within((unit) => at.household.changeSettings(LAMP, settings, unit))).toEqual({
      ok: true,
    });
    expect(at.heard()).toEqual(["thing lamp Hall lamp"]);
    await at.announce(thing("lamp", { [LEVEL]: { type: "integer" } }), BLE);

    const again = await restarted(at);
    expect(again.unreadable).toEqual([]);
    expect(again.registry.get(LAMP)).toMatchObject({ settings, thing: { title: "Hall lamp" } });
    expect(again.registry.thing(LAMP)?.properties[LEVEL]).toEqual({ type: "integer" });
    expect(again.household.areas()).toEqual([{ id: "hall", title: "Hall" }]);
  });

  test("no settings are the device's own word again", async () => {
    const at = await twoLamps();
    await at.within((unit) => at.household.changeSettings(LAMP, { title: "Hall lamp" }, unit));
    await at.within((unit) => at.household.changeSettings(LAMP, {}, unit));
    expect(at.registry.get(LAMP)?.thing).toEqual(thing("lamp"));
    expect(at.registry.get(LAMP)?.settings).toBeUndefined();
    expect((await restarted(at)).registry.get(LAMP)?.settings).toBeUndefined();
  });

  test.each<[string, unknown, string, RegExp]>([
    ["no object", [], "", /expected/],
    ["an unknown key", { name: "x" }, "name", /unknown key/],
    ["an area that there is not", { area: "moon" }, "area", /no area moon/],
    [
      "a property that there is not",
      { properties: { "light/color": { title: "x" } } },
      "properties.light/color",
      /no property/,
    ],
    ["a tag of strange letters", { tags: ["Bí mật"] }, "tags[0]", /expected/],
  ])("%s is refused with its path, and nothing changes", async (_name, settings, path, problem) => {
    const at = await twoLamps();
    const result = await at.within((unit) => at.household.changeSettings(LAMP, settings, unit));
    expect(result).toMatchObject({ ok: false, path, problem: expect.stringMatching(problem) });
    expect(at.heard()).toEqual([]);
    expect(at.registry.get(LAMP)?.settings).toBeUndefined();
  });

  test("an area that is taken away leaves its Things in none", async () => {
    const at = await twoLamps();
    await at.within((unit) => at.household.putArea({ id: "hall", title: "Hall" }, unit));
    await at.within((unit) => at.household.changeSettings(LAMP, { area: "hall", notes: "kept" }, unit));
    expect(await at.within((unit) => at.household.deleteArea("hall", unit))).toEqual({ ok: true });
    expect(at.registry.get(LAMP)?.settings).toEqual({ notes: "kept" });
    expect((await restarted(at)).registry.get(LAMP)?.settings).toEqual({ notes: "kept" });
  });
});

describe("one Thing over two links", () => {
  async function joined() {
    const at = await twoLamps();
    await at.report(NEW, WIFI, true);
    at.heard();
    expect(await at.within((unit) => at.household.join(LAMP, NEW, unit))).toEqual({ ok: true });
    return at;
  }

  test("has what both describe, and the other is no Thing any more, also after a restart", async () => {
    const at = await joined();
    expect(at.heard()).toEqual(["retired lamp-2", "thing lamp Lamp lamp", "lamp/light/on good"]);
    for (const { registry } of [at, await restarted(at)]) {
      expect(registry.size).toBe(1);
      expect(Object.keys(registry.thing(LAMP)?.properties ?? {}).sort()).toEqual([LEVEL, ON].sort());
      expect(registry.get(LAMP)?.links?.map(({ id }) => id)).toEqual([LAMP, NEW]);
      expect(registry.resolve(NEW)).toBe(LAMP);
      expect(registry.speaker(NEW)).toBe(WIFI);
    }
  });

  test("an observation that comes over both counts once", async () => {
    const at = await joined();
    at.heard();
    await at.report(LAMP, BLE, false);
    await at.report(NEW, WIFI, false);
    expect(at.heard()).toEqual(["lamp/light/on false"]);
    // Over the same link the same value again is a report of its own.
    await at.report(LAMP, BLE, false);
    expect(at.heard()).toEqual(["lamp/light/on false"]);
    await at.clock.advance(ECHO_MS + 1);
    await at.report(NEW, WIFI, false);
    expect(at.heard()).toEqual(["lamp/light/on false"]);
  });

  test("an older observation over the slower link does not come after the newer one", async () => {
    const at = await joined();
    at.heard();
    await at.clock.advance(1_000);
    const now = at.clock.now();
    await at.report(LAMP, BLE, true, { time: now });
    await at.report(NEW, WIFI, false, { time: now - 5_000 });
    await at.report(NEW, WIFI, true, { time: now });
    expect(at.heard()).toEqual(["lamp/light/on true"]);
    await at.report(NEW, WIFI, false, { time: now + 1 });
    expect(at.heard()).toEqual(["lamp/light/on false"]);
  });

  test("is there as long as one link is; what came over the lost one is stale", async () => {
    const at = await joined();
    await at.report(LAMP, BLE, false);
    at.heard();
    await at.become(LAMP, "lost");
    expect(at.registry.get(LAMP)?.availability).toBe("ready");
    expect(at.values(LAMP)).toEqual({ [ON]: [false, "stale"] });
    expect(at.registry.links(LAMP).map(({ id }) => id)).toEqual([NEW, LAMP]);
    await at.become(NEW, "lost");
    expect(at.registry.get(LAMP)?.availability).toBe("lost");
    expect(at.heard()).toEqual(["lamp/light/on stale", "lamp lost"]);
  });

  test("only the source of a link speaks over it", async () => {
    const at = await joined();
    expect(await at.report(NEW, BLE, false)).toMatchObject([{ code: "foreign-thing" }]);
    expect(await at.announce(thing("lamp-2"), BLE)).toMatchObject({ code: "foreign-thing" });
  });

  test("a value that the first description forbids does not come along", async () => {
    const at = await house();
    await at.announce(thing("lamp"), BLE);
    await at.announce({ id: "lamp-2", title: "Lamp", properties: { [ON]: { type: "number" } } }, WIFI);
    await at.report(NEW, WIFI, 3);
    expect(await at.within((unit) => at.household.join(LAMP, NEW, unit))).toEqual({ ok: true });
    expect(at.values(LAMP)).toEqual({});
  });

  test("a link can be parted again, and stays parted", async () => {
    const at = await joined();
    at.heard();
    expect(await at.within((unit) => at.household.part(LAMP, NEW, unit))).toEqual({ ok: true });
    expect(at.heard()).toEqual(["thing lamp Lamp lamp", "thing lamp-2 Lamp lamp-2"]);
    for (const { registry } of [at, await restarted(at)]) {
      expect(registry.thing(LAMP)).toEqual(thing("lamp"));
      expect(registry.thing(NEW)?.properties[LEVEL]).toBeDefined();
      expect(registry.resolve(NEW)).toBe(NEW);
    }
  });

  test("a link whose device is gone leaves the Thing to the other", async () => {
    const at = await joined();
    at.heard();
    await at.within((unit) => at.registry.retire(LAMP, BLE, unit));
    expect(at.heard()).toEqual(["thing lamp Lamp lamp-2"]);
    for (const { registry } of [at, await restarted(at)]) {
      expect(registry.get(LAMP)?.source).toBe(WIFI);
      expect(registry.speaker(LAMP)).toBeUndefined();
    }
  });

  test("a Thing is not joined with itself, nor with nobody", async () => {
    const at = await twoLamps();
    for (const [id, other] of [
      [LAMP, LAMP],
      [LAMP, "x" as ThingId],
      ["x" as ThingId, LAMP],
    ] as const) {
      expect(await at.within((unit) => at.household.join(id, other, unit))).toMatchObject({ ok: false });
    }
    expect(at.registry.size).toBe(2);
  });
});

describe("a device in the place of a broken one", () => {
  async function replaced() {
    const at = await twoLamps();
    await at.report(LAMP, BLE, true);
    await at.report(NEW, WIFI, false);
    await at.within((unit) => at.household.changeSettings(LAMP, { title: "Hall lamp" }, unit));
    at.heard();
    expect(await at.within((unit) => at.household.replace(LAMP, NEW, unit))).toEqual({ ok: true });
    return at;
  }

  test("keeps id, name and settings, and is spoken for by the new device, also after a restart", async () => {
    const at = await replaced();
    for (const { registry } of [at, await restarted(at)]) {
      expect(registry.size).toBe(1);
      expect(registry.get(LAMP)).toMatchObject({
        source: WIFI,
        settings: { title: "Hall lamp" },
        thing: { id: "lamp", title: "Hall lamp" },
      });
      expect(registry.thing(LAMP)?.properties[LEVEL]).toBeDefined();
      expect(registry.read(LAMP, ON)?.value).toBe(false);
    }
    await at.report(NEW, WIFI, true);
    expect(at.registry.read(LAMP, ON)).toMatchObject({ thing: "lamp", value: true, quality: "good" });
  });

  test("the broken one is not let in again under its name", async () => {
    const at = await replaced();
    for (const { announce, report, registry } of [at, await restarted(at)]) {
      expect(await announce(thing("lamp"), BLE)).toMatchObject({ ok: false, code: "foreign-thing" });
      expect(await report(LAMP, BLE, true)).toMatchObject([{ code: "foreign-thing" }]);
      expect(registry.read(LAMP, ON)?.value).toBe(false);
    }
  });

  test("the new one may describe itself anew", async () => {
    const at = await replaced();
    expect(await at.announce(thing("lamp-2"), WIFI)).toEqual({ ok: true });
    expect(at.registry.thing(LAMP)?.properties[LEVEL]).toBeUndefined();
    expect(at.registry.size).toBe(1);
  });

  test("the exchange is kept in one go", async () => {
    const at = await twoLamps();
    const commits = at.store.commits.length;
    await at.within((unit) => at.household.replace(LAMP, NEW, unit));
    expect(at.store.commits.length).toBe(commits + 1);
    expect(at.store.commits.at(-1)?.durability).toBe("power");
    expect([...(await at.store.entries("things")).keys()]).toEqual([NEW]);
  });
});

test("a forgotten Thing takes its settings along, and comes back as a new one", async () => {
  const at = await twoLamps();
  await at.within((unit) => at.household.changeSettings(LAMP, { title: "Hall lamp" }, unit));
  at.heard();
  expect(await at.within((unit) => at.household.forget(LAMP, unit))).toEqual({ ok: true });
  expect(at.heard()).toEqual(["retired lamp"]);
  await at.announce(thing("lamp"), BLE);
  expect(at.heard()).toEqual(["thing lamp Lamp lamp"]);
});
