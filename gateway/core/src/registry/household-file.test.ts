import type { HouseholdFile, Thing, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bus } from "../bus.ts";
import { Unit } from "../unit.ts";
import { exportHousehold, importHousehold } from "./household-file.ts";
import { Registry } from "./registry.ts";

const fail = (error: unknown): never => {
  throw error;
};

async function house(store = new MemoryStore()) {
  const clock = new VirtualClock();
  const registry = new Registry({ clock, bus: new Bus(fail) }, { maxThings: 20 });
  await registry.restore(store);
  const within = async <Result>(work: (unit: Unit) => Result): Promise<Result> => {
    const unit = new Unit(store, fail);
    const result = work(unit);
    await unit.commit();
    return result;
  };
  return { store, registry, within };
}

const lamp = (id: string): Thing => ({ id, title: id, properties: { "light/on": { type: "boolean" } } });

/** A house with a joined, a replaced and a plain Thing. */
async function furnished() {
  const at = await house();
  await at.within((unit) => {
    for (const id of ["hall", "spare", "stairs", "stairs-ble", "desk"]) {
      at.registry.announce(lamp(id), id === "stairs-ble" ? "module:ble" : "mqtt:lamps", unit);
    }
    const { household } = at.registry;
    household.putArea({ id: "floor", title: "Ground floor" }, unit);
    household.replace("hall" as ThingId, "spare" as ThingId, unit);
    household.join("stairs" as ThingId, "stairs-ble" as ThingId, unit);
    household.changeSettings("hall" as ThingId, { title: "Hall", area: "floor" }, unit);
  });
  return at;
}

describe("a house as a file", () => {
  test("is the same house in another one, also after its restart, and in the same one it is nothing new", async () => {
    const from = await furnished();
    const file = exportHousehold(from.registry);
    expect(file.links.map(({ id, of }) => [id, of])).toEqual([
      ["spare", "hall"],
      ["stairs", undefined],
      ["stairs-ble", "stairs"],
      ["desk", undefined],
    ]);
    const to = await house();
    const result = await to.within((unit) =>
      importHousehold(to.registry, JSON.parse(JSON.stringify(file)), unit),
    );
    expect(result).toEqual({ ok: true, report: { areas: 1, settings: 1, links: 4, skipped: [] } });
    expect(sorted(exportHousehold(to.registry))).toEqual(sorted(file));
    expect(sorted(exportHousehold((await house(to.store)).registry))).toEqual(sorted(file));
    const again = await from.within((unit) => importHousehold(from.registry, file, unit));
    expect(again).toMatchObject({ report: { links: 0, skipped: [] } });
    expect(exportHousehold(from.registry)).toEqual(file);
  });

  test("what is there and in the way stays, and is told", async () => {
    const file = exportHousehold((await furnished()).registry);
    const to = await house();
    await to.within((unit) => to.registry.announce(lamp("spare"), "module:other", unit));
    const result = await to.within((unit) => importHousehold(to.registry, file, unit));
    expect(result).toMatchObject({
      report: { links: 3, skipped: [{ path: "links[0]", problem: "spare is a link of spare" }] },
    });
    expect(to.registry.speaker("spare" as ThingId)).toBe("module:other");
  });

  test("a full house takes what has room", async () => {
    const links = [...Array(30).keys()].map((turn) => ({
      id: `lamp-${turn}`,
      source: "mqtt:lamps",
      thing: lamp(`lamp-${turn}`),
    }));
    const file: HouseholdFile = { format: "household", version: 1, areas: [], settings: {}, links };
    const to = await house();
    const result = await to.within((unit) => importHousehold(to.registry, file, unit));
    expect(to.registry.size).toBe(20);
    expect(result.ok && result.report.skipped.length).toBe(10);
  });

  test.each<[string, unknown, string]>([
    ["no file", null, ""],
    ["another format", { format: "x", version: 1, areas: [], settings: {}, links: [] }, "format"],
    ["a newer version", { format: "household", version: 2, areas: [], settings: {}, links: [] }, "version"],
    [
      "an id of JavaScript's",
      JSON.parse('{"format":"household","version":1,"areas":[],"settings":{"__proto__":{}},"links":[]}'),
      "settings.__proto__",
    ],
  ])("%s is refused with its path", async (_name, candidate, path) => {
    const to = await house();
    const result = await to.within((unit) => importHousehold(to.registry, candidate, unit));
    expect(result).toMatchObject({ ok: false, path: expect.stringContaining(path) });
  });

  test("whatever is in it, nothing but an answer comes of it", async () => {
    const file = exportHousehold((await furnished()).registry);
    const texts = fc.constantFrom(
      "hall",
      "spare",
      "stairs",
      "pair",
      "__proto__",
      "",
      "floor",
      "moon",
      "module:x",
    );
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), texts, fc.nat(3), async (junk, text, turn) => {
        const mutant = structuredClone(file) as unknown as {
          links: Record<string, unknown>[];
          areas: unknown[];
        };
        const link = mutant.links[turn] ?? {};
        link[["id", "of", "source", "thing"][turn] ?? "id"] = turn === 3 ? junk : text;
        mutant.areas.push({ id: text, title: text });
        const to = await house();
        const result = await to.within((unit) => importHousehold(to.registry, mutant, unit));
        expect(typeof result.ok).toBe("boolean");
        await house(to.store);
      }),
      { numRuns: 200 },
    );
  });
});

function sorted(file: HouseholdFile): HouseholdFile {
  return { ...file, links: [...file.links].sort((one, other) => (one.id < other.id ? -1 : 1)) };
}
