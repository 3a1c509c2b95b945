import type { HostError, ModuleHealth, ReportedReading } from "@tram/module-sdk";
import type { Json, PropertyKey, Thing, ThingEvent, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { Bus } from "./bus.ts";
import { MODULE_BUDGET } from "./module-budget.ts";
import { createModuleHost } from "./module-host.ts";
import { StoreError } from "./ports/store.ts";
import { Registry } from "./registry/registry.ts";
import { type StoreHealth, Transactions } from "./transactions.ts";

const LAMP = "lamp" as ThingId;
const LEVEL = "light/level" as PropertyKey;
const LAMP_THING: Thing = {
  id: "lamp",
  title: "Lamp",
  properties: { [LEVEL]: { type: "integer", maximum: 100 }, "light/scene": { type: "object" } },
};

function reading(value: Json, more: Partial<ReportedReading> = {}): ReportedReading {
  return { thing: LAMP, property: LEVEL, value, ...more };
}

/** A gateway with sessions of modules. */
function gateway() {
  const store = new MemoryStore();
  const clock = new VirtualClock();
  const fail = (error: unknown): never => {
    throw error;
  };
  const bus = new Bus(fail);
  const registry = new Registry({ clock, bus });
  const edges: StoreHealth[] = [];
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const { transact } = new Transactions(store, log, (health) => edges.push(health));
  function open(id: string, config: unknown = {}) {
    const stop = new AbortController();
    const abuses: string[] = [];
    const healths: ModuleHealth[] = [];
    const onAbuse = (reason: string): void => {
      abuses.push(reason);
      stop.abort(new Error(reason));
    };
    const onHealth = (health: ModuleHealth): void => void healths.push(health);
    const parts = { clock, registry, store, log, transact, onHealth, onAbuse };
    return { host: createModuleHost(id, config, parts, stop.signal), stop, abuses, healths };
  }
  return { store, clock, bus, registry, edges, open };
}

function refusedWith(code: HostError["code"]): object {
  return expect.objectContaining({ name: "HostError", code });
}

describe("a module", () => {
  test("announces, reports and retires its Things under its own name", async () => {
    const { registry, open } = gateway();
    const { host } = open("sim", { seed: 1 });
    expect(host.config).toEqual({ seed: 1 });
    await host.announce(LAMP_THING);
    await host.availability(LAMP, "ready");
    await host.report([reading(40)]);
    expect(registry.get(LAMP)).toMatchObject({ source: "module:sim", availability: "ready" });
    expect(registry.read(LAMP, LEVEL)).toMatchObject({ value: 40, origin: "module:sim", quality: "good" });
    await host.retire(LAMP);
    expect(registry.size).toBe(0);
  });

  test("cannot change afterwards what it handed in", async () => {
    const { registry, open } = gateway();
    const { host } = open("sim");
    const thing = structuredClone(LAMP_THING);
    const scene = { colour: "red" };
    await host.announce(thing);
    await host.report([reading(scene, { property: "light/scene" as PropertyKey })]);
    thing.title = "Fan";
    scene.colour = "blue";
    expect(registry.thing(LAMP)?.title).toBe("Lamp");
    expect(registry.read(LAMP, "light/scene" as PropertyKey)?.value).toEqual({ colour: "red" });
  });

  test("is told the path of what is wrong with a description", async () => {
    const { host } = gateway().open("sim");
    const bad = { ...LAMP_THING, properties: { [LEVEL]: { type: "int" } } } as unknown as Thing;
    await expect(host.announce(bad)).rejects.toEqual(
      expect.objectContaining({
        code: "invalid-thing",
        message: expect.stringMatching(/^properties\.light\/level\.type: /),
      }),
    );
  });

  test("has no say over the Things of others", async () => {
    const { registry, open } = gateway();
    const { host: owner } = open("sim");
    const { host: other } = open("lora");
    await owner.announce(LAMP_THING);
    await expect(other.announce({ ...LAMP_THING, title: "Mine" })).rejects.toEqual(
      refusedWith("foreign-thing"),
    );
    await expect(other.availability(LAMP, "lost")).rejects.toEqual(refusedWith("foreign-thing"));
    await expect(other.availability("ghost" as ThingId, "lost")).rejects.toEqual(
      refusedWith("foreign-thing"),
    );
    await expect(other.report([reading(1)])).rejects.toEqual(refusedWith("foreign-thing"));
    await other.retire(LAMP);
    expect(registry.get(LAMP)).toMatchObject({ thing: { title: "Lamp" }, availability: "init" });
    expect(registry.read(LAMP, LEVEL)).toBeUndefined();
  });

  test("is told of readings that fit no Thing, and the others are kept", async () => {
    const { registry, open } = gateway();
    const { host } = open("sim");
    await host.announce(LAMP_THING);
    const unknown = reading(1, { property: "light/colour" as PropertyKey });
    await expect(host.report([unknown, reading(7)])).rejects.toEqual(
      expect.objectContaining({ code: "invalid-thing", message: "lamp/light/colour: unknown-property" }),
    );
    expect(registry.read(LAMP, LEVEL)?.value).toBe(7);
  });

  test("may report a value that the description forbids: it is kept as bad", async () => {
    const { registry, open } = gateway();
    const { host } = open("sim");
    await host.announce(LAMP_THING);
    await host.report([reading(101)]);
    expect(registry.read(LAMP, LEVEL)).toMatchObject({ quality: "bad" });
  });
});

describe("an event", () => {
  const SWITCHED = { thing: LAMP, event: "switched", data: true };
  const described: Thing = {
    ...LAMP_THING,
    events: { switched: { data: { type: "boolean" } }, "worn-out": {} },
  };

  function listening() {
    const house = gateway();
    const heard: ThingEvent[] = [];
    house.bus.on("event", (event) => void heard.push(event));
    return { ...house, heard };
  }

  test("is told to the house with its origin and its times, and not kept", async () => {
    const { clock, heard, open, store } = listening();
    const { host } = open("sim");
    await host.announce(described);
    const before = store.commits.length;
    await host.emit(SWITCHED);
    await host.emit({ thing: LAMP, event: "worn-out", time: 7 });
    const stamp = { thing: LAMP, receivedAt: clock.now(), origin: "module:sim" };
    expect(heard).toEqual([
      { ...stamp, event: "switched", data: true, time: clock.now() },
      { ...stamp, event: "worn-out", data: null, time: 7 },
    ]);
    expect(store.commits).toHaveLength(before);
  });

  test("that the description does not know, or with other data, is refused with the place", async () => {
    const { heard, open } = listening();
    const { host } = open("sim");
    await host.announce(described);
    for (const [event, problem] of [
      [{ ...SWITCHED, event: "exploded" }, "lamp/exploded: has no such event"],
      [{ ...SWITCHED, event: "constructor" }, "lamp/constructor: has no such event"],
      [{ ...SWITCHED, data: "on" }, 'lamp/switched: expected boolean, found "on"'],
      [{ thing: LAMP, event: "switched" }, "lamp/switched: expected boolean, found null"],
      [{ thing: LAMP, event: "worn-out", data: 1 }, "lamp/worn-out: expected no data"],
    ] as const) {
      await expect(host.emit(event)).rejects.toEqual(
        expect.objectContaining({ code: "invalid-event", message: problem }),
      );
    }
    await expect(host.emit({ ...SWITCHED, thing: "ghost" as ThingId })).rejects.toEqual(
      refusedWith("invalid-thing"),
    );
    await expect(open("lora").host.emit(SWITCHED)).rejects.toEqual(refusedWith("foreign-thing"));
    expect(heard).toEqual([]);
  });

  test("counts in the budget, and a session that ended tells nothing", async () => {
    const { heard, open } = listening();
    const { abuses, host, stop } = open("sim");
    await host.announce(described);
    const told = Array.from({ length: MODULE_BUDGET.pendingReports + 5 }, () => host.emit(SWITCHED));
    const refused = (await Promise.allSettled(told)).filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(5);
    expect(abuses).toEqual([]);
    stop.abort(new Error("over"));
    const before = heard.length;
    await expect(host.emit(SWITCHED)).rejects.toEqual(refusedWith("closed"));
    expect(heard).toHaveLength(before);
  });
});

describe("the module's store", () => {
  test("gives back what was put, to this module alone, and survives a power cut", async () => {
    const { store, open } = gateway();
    const { host } = open("sim");
    await host.store.put("counter", { up: [1] });
    await host.store.put("key", "secret");
    await host.store.delete("key");
    expect(await host.store.get("counter")).toEqual({ up: [1] });
    expect(await host.store.get("key")).toBeUndefined();
    expect([...(await open("sim").host.store.entries())]).toEqual([["counter", { up: [1] }]]);
    expect(await open("lora").host.store.entries()).toEqual(new Map());
    expect(new Set(store.commits.map(({ durability }) => durability))).toEqual(new Set(["power"]));
  });

  test.each<[string, unknown]>([
    ["a function", () => 1],
    ["a date", new Date(0)],
    ["NaN", Number.NaN],
    ["a big integer", { count: 1n }],
    ["an abyss", JSON.parse("[".repeat(50_000) + "]".repeat(50_000))],
  ])("refuses %s as the module's mistake, not as a failing disk", async (_name, value) => {
    const { edges, store, open } = gateway();
    const { host } = open("sim");
    await expect(host.store.put("key", value as Json)).rejects.toThrow(/^key: expected JSON, found /);
    expect([edges, store.commits]).toEqual([[], []]);
  });
});

test("what cannot be cloned is the module's mistake, not a failing disk", async () => {
  const { edges, open } = gateway();
  const { host } = open("sim");
  await host.announce(LAMP_THING);
  await expect(host.report([reading((() => 1) as unknown as Json)])).rejects.toThrow("could not be cloned");
  const odd = { ...LAMP_THING, title: () => "Lamp" } as unknown as Thing;
  await expect(host.announce(odd)).rejects.toThrow("could not be cloned");
  expect(edges).toEqual([]);
});

test("what the store did not keep is not acknowledged, and the house goes on with it", async () => {
  const { store, registry, open } = gateway();
  const { host } = open("sim");
  await host.announce(LAMP_THING);
  store.failWith(new StoreError("full", "no space left"));
  await expect(host.report([reading(1)])).rejects.toEqual(
    expect.objectContaining({ code: "not-stored", cause: expect.objectContaining({ code: "full" }) }),
  );
  await expect(host.announce({ ...LAMP_THING, title: "L" })).rejects.toEqual(refusedWith("not-stored"));
  await expect(host.store.put("key", 1)).rejects.toEqual(refusedWith("not-stored"));
  await expect(host.availability(LAMP, "lost")).resolves.toBeUndefined(); // Nothing of it is to be kept.
  expect(registry.read(LAMP, LEVEL)?.value).toBe(1);
});

describe("a module that floods", () => {
  const many = (count: number): ReportedReading[] =>
    Array.from({ length: count }, (_, at) => reading(at % 100));

  test("gets its burst and its rate, and is refused what is more", async () => {
    const { clock, abuses, host } = await announced();
    await host.report(many(MODULE_BUDGET.burst));
    await expect(host.report(many(1))).rejects.toEqual(refusedWith("flooding"));
    await clock.advance(1_000);
    await host.report(many(MODULE_BUDGET.readingsPerSecond));
    await expect(host.report(many(1))).rejects.toEqual(refusedWith("flooding"));
    expect(abuses).toEqual([]);
  });

  test("and does not await its reports is refused, until they are kept", async () => {
    const { host } = await announced();
    const reports = Array.from({ length: MODULE_BUDGET.pendingReports }, () => host.report(many(1)));
    await expect(host.report(many(1))).rejects.toEqual(refusedWith("flooding"));
    await Promise.all(reports);
    await host.report(many(1));
  });

  test("with calls that cost a commit each is refused as well, and gets them back with time", async () => {
    const { clock, host } = await announced();
    for (let count = 1; count < MODULE_BUDGET.callsBurst; count++) await host.availability(LAMP, "ready");
    await expect(host.announce(LAMP_THING)).rejects.toEqual(refusedWith("flooding"));
    await expect(host.store.put("key", 1)).rejects.toEqual(refusedWith("flooding"));
    await clock.advance(1_000);
    await host.announce(LAMP_THING);
  });

  test("and goes on after it was refused is ended, and costs the others nothing", async () => {
    const { host, abuses, other } = await announced();
    await host.report(many(MODULE_BUDGET.burst));
    const { refusedBeforeEnd } = MODULE_BUDGET;
    await expect(host.report(many(refusedBeforeEnd))).rejects.toEqual(refusedWith("flooding"));
    expect(abuses).toEqual([]);
    await expect(host.report(many(1))).rejects.toEqual(refusedWith("flooding"));
    expect(abuses).toEqual([expect.stringMatching(/^floods: more than 1000 readings\/s/)]);
    await expect(host.report(many(1))).rejects.toEqual(refusedWith("closed"));
    await other.announce({ ...LAMP_THING, id: "fan" });
    await other.report(many(10).map((it) => ({ ...it, thing: "fan" as ThingId })));
  });

  async function announced() {
    const { clock, open } = gateway();
    const { host, abuses } = open("sim");
    await host.announce(LAMP_THING);
    return { clock, host, abuses, other: open("lora").host };
  }
});

describe("after the session has ended", () => {
  test("every call that would change something is refused with `closed`", async () => {
    const { registry, open, store } = gateway();
    const { host, stop, healths } = open("sim");
    await host.announce(LAMP_THING);
    const kept = store.commits.length;
    stop.abort(new Error("the gateway stops"));
    for (const call of [
      () => host.announce({ ...LAMP_THING, title: "L" }),
      () => host.report([reading(1)]),
      () => host.retire(LAMP),
      () => host.availability(LAMP, "ready"),
      () => host.store.put("key", 1),
      () => host.store.delete("key"),
      async () => host.clock.every(1_000, () => undefined),
    ]) {
      await expect(call()).rejects.toEqual(refusedWith("closed"));
    }
    host.health({ state: "degraded", reason: "late" });
    expect([healths, registry.size, store.commits.length]).toEqual([[], 1, kept]);
  });

  test("its timers are gone and its sleeps are over", async () => {
    const { clock, open } = gateway();
    const { host, stop } = open("sim");
    let ticks = 0;
    host.clock.every(1_000, () => ticks++);
    const asleep = host.clock.sleep(60_000);
    await clock.advance(2_000);
    stop.abort(new Error("the gateway stops"));
    await expect(asleep).rejects.toThrow("the gateway stops");
    await clock.advance(2_000);
    expect([ticks, clock.pending]).toEqual([2, 0]);
  });
});

describe("the module's clock", () => {
  test("is the gateway's", async () => {
    const { clock, open } = gateway();
    const { host } = open("sim");
    clock.step(5_000, "holdover");
    expect([host.clock.now(), host.clock.monotonic(), host.clock.trust]).toEqual([
      clock.now(),
      clock.monotonic(),
      "holdover",
    ]);
  });

  test("ends the session when a tick throws, and stops with its token", async () => {
    const { clock, open } = gateway();
    const { host, abuses } = open("sim");
    let ticks = 0;
    const timer = host.clock.every(1_000, () => ticks++);
    await clock.advance(1_000);
    timer[Symbol.dispose]();
    await clock.advance(5_000);
    expect(ticks).toBe(1);
    host.clock.every(1_000, () => {
      throw new Error("no antenna");
    });
    await clock.advance(1_000);
    expect(abuses).toEqual(["a timer threw: no antenna"]);
    expect(clock.pending).toBe(0);
  });
});

test("what a module says of itself is shown", () => {
  const { host, healths } = gateway().open("sim");
  host.health({ state: "degraded", reason: "weak signal" });
  host.health({ state: "up" });
  expect(healths).toEqual([{ state: "degraded", reason: "weak signal" }, { state: "up" }]);
});
