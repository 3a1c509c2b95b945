import { Bus, Registry, Unit } from "@tram/core";
import type { Json, PropertyKey, Thing, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { feedNotices, presentValues } from "./feed-notices.ts";
import { NoticeBoard, type Subject } from "./notice-board.ts";

const LAMP = "lamp" as ThingId;
const DESCRIBED: Thing = {
  id: "lamp",
  title: "Lamp",
  properties: {
    "lamp/level": { type: "integer", maximum: 100 },
    "lamp/press": { type: "string", momentary: true },
  },
  events: { hot: { data: { type: "integer" } } },
};

function house() {
  const fail = (error: unknown): never => {
    throw error;
  };
  const clock = new VirtualClock();
  const bus = new Bus(fail);
  const registry = new Registry({ clock, bus });
  const board = new NoticeBoard();
  const store = new MemoryStore();
  const by = { source: "module:sim", origin: "module:sim" } as const;
  const act = async (work: (unit: Unit) => void): Promise<void> => {
    const unit = new Unit(store, fail);
    work(unit);
    await unit.commit();
  };
  const told: [string, Json][] = [];
  const watch = (subject: Subject): void => {
    const about = subject === "directory" ? { subject } : { subject, thing: LAMP };
    board.watch(about, ({ name, data }) => void told.push([name, data]));
  };
  return {
    registry,
    told,
    watch,
    feed: () => feedNotices({ bus, registry, clock }, board),
    bus,
    announce: (thing: unknown = DESCRIBED) => act((unit) => void registry.announce(thing, by.source, unit)),
    report: (property: string, value: Json) =>
      act(
        (unit) => void registry.report([{ thing: LAMP, property: property as PropertyKey, value }], by, unit),
      ),
    raise: (data: Json) => act((unit) => void registry.raise({ thing: LAMP, event: "hot", data }, by, unit)),
    retire: () => act((unit) => void registry.retire(LAMP, by.source, unit)),
    act,
  };
}

test("a state is noticed when it changes, an occurrence and an event each time", async () => {
  const { announce, feed, raise, report, told, watch } = house();
  await announce();
  feed();
  watch("property");
  watch("event");
  for (const value of [10, 10, 11, 500, 11, 11]) await report("lamp/level", value);
  await report("lamp/press", "short");
  await report("lamp/press", "short");
  await raise(90);
  await raise(90);
  await raise("hot");
  expect(told).toEqual([
    ["lamp/level", 10],
    ["lamp/level", 11],
    // After a value that could not be believed, 11 is news again.
    ["lamp/level", 11],
    ["lamp/press", "short"],
    ["lamp/press", "short"],
    ["hot", 90],
    ["hot", 90],
  ]);
});

test("the directory tells of descriptions, and not of what is wrong with them", async () => {
  const { act, announce, bus, feed, registry, retire, told, watch } = house();
  const subscriptions = feed();
  watch("directory");
  await announce();
  await announce();
  await act((unit) => registry.noteProblem(LAMP, "$description: nonsense", unit));
  await announce({ ...DESCRIBED, title: "Light" });
  await retire();
  await announce();
  const id = "urn:homie:5:lamp";
  expect(told).toEqual(
    ["thing_created", "thing_updated", "thing_deleted", "thing_created"].map((name) => [name, { id }]),
  );
  for (const subscription of subscriptions) subscription[Symbol.dispose]();
  expect(bus.size).toBe(0);
});

test("what is there to begin with are the states that were reported", async () => {
  const { announce, registry, report } = house();
  await announce();
  expect(presentValues(registry, LAMP)).toEqual([]);
  await report("lamp/press", "short");
  await report("lamp/level", 500);
  expect(presentValues(registry, LAMP)).toEqual([]);
  await report("lamp/level", 10);
  await report("lamp/level", 500);
  expect(presentValues(registry, LAMP, "lamp/level")).toMatchObject([{ name: "lamp/level", data: 10 }]);
  expect(presentValues(registry, LAMP, "lamp/press")).toEqual([]);
  expect(presentValues(registry, "ghost" as ThingId)).toEqual([]);
});
