import type { Reading, RuleId, ThingId } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KnownHouseFold } from "./known-house-fold.ts";
import { journalHouse, LEVEL, line, tank, VALVE } from "./testing/journal-house.ts";

const HOUR_MS = 3_600_000;

describe("what happened", () => {
  test("is read back in the order of cause and effect, whoever listened first", async () => {
    const house = journalHouse();
    house.start();
    // A rule: as the rules do, it decides while the reading is being told.
    house.bus.on("reading", ({ reading }, unit) => {
      if (reading.property !== LEVEL || reading.value !== 9) return;
      house.commands.submit(
        { thing: reading.thing, target: { property: VALVE }, value: true, origin: "rule:full" },
        unit,
      );
      const time = house.clock.now();
      house.bus.emit("notification", { time, rule: "full" as RuleId, level: "alarm", text: "full" }, unit);
    });
    await house.announce(tank("north"));
    await house.become("north", "ready");
    await house.report("north", LEVEL, 3);
    await house.clock.advance(100);
    await house.report("north", LEVEL, 9);
    await house.clock.advance(100);
    await house.become("north", "lost");
    await house.retire("north");
    expect((await house.read()).map(line)).toEqual([
      "start",
      "thing north init",
      "north init → ready",
      "reading north/tank/level 3 good",
      "reading north/tank/level 9 good",
      "command command-1 accepted",
      "notification full",
      "reading north/tank/valve true good by command-1",
      "command command-1 confirmed",
      "north ready → lost",
      "quality north/tank/level 9 stale",
      "quality north/tank/valve true stale by command-1",
      "retired north",
    ]);
  });

  test("is what the bus told, to the last field", async () => {
    const house = journalHouse();
    house.start();
    const told: unknown[] = [];
    house.bus.on("reading", ({ reading }) => told.push(reading));
    house.bus.on("quality", ({ reading }) => told.push(reading));
    house.bus.on("command", (command) => told.push(command));
    house.bus.on("thing", (record) => told.push(record));
    await house.announce(tank("north"));
    await house.report("north", LEVEL, "nonsense");
    await house.clock.advance(12_345);
    await house.command("north", VALVE, true);
    await house.clock.advance(7);
    await house.command("north", LEVEL, 1);
    await house.become("north", "lost");
    const events = await house.read();
    expect(
      events
        .filter(({ kind }) => ["reading", "quality", "command", "thing"].includes(kind))
        .map(({ what }) => what),
    ).toEqual(expect.arrayContaining(told));
    expect(told).toHaveLength(7);
    expect((told[1] as Reading).problem).toBeDefined();
  });

  test("before the start is not recorded, and after the end neither", async () => {
    const house = journalHouse();
    await house.announce(tank("north"));
    house.start();
    await house.journal[Symbol.asyncDispose]();
    await house.announce(tank("south"));
    expect((await house.read()).map(line)).toEqual(["start"]);
    expect(house.clock.pending).toBe(0);
  });

  test("can be asked for by time, Thing and kind", async () => {
    const house = journalHouse();
    house.start();
    await house.announce(tank("north"));
    await house.announce(tank("south"));
    for (let count = 0; count < 5; count++) {
      await house.report("north", LEVEL, count);
      await house.report("south", LEVEL, 10 + count);
      await house.clock.advance(1_000);
    }
    const start = house.clock.now() - 5_000;
    const things = new Set(["south"]);
    const kinds = new Set(["reading"] as const);
    const events = await house.read({ from: start + 1_000, to: start + 3_000, things, kinds });
    expect(events.map(line)).toEqual([11, 12, 13].map((value) => `reading south/tank/level ${value} good`));
    expect((await house.read({ things })).map(({ kind }) => kind)).toContain("start");
    expect(await house.read({ to: start - 1 })).toEqual([]);
    expect(await house.read({ from: house.clock.now() + 1 })).toEqual([]);
  });
});

describe("what was known", () => {
  test("comes where the answer begins: a replay needs no more", async () => {
    const house = journalHouse();
    await house.announce(tank("north"));
    await house.report("north", LEVEL, 1);
    house.start();
    await house.clock.advance(1_000);
    await house.report("north", LEVEL, 2);
    await house.clock.advance(1_000);
    await house.report("north", LEVEL, 3);
    expect((await house.read({ known: true })).map(line)).toEqual([
      "start",
      "known-thing north init",
      "known-reading north/tank/level 1 good",
      "reading north/tank/level 2 good",
      "reading north/tank/level 3 good",
    ]);
    expect((await house.read({ known: true, from: house.clock.now() })).map(line)).toEqual([
      "known-thing north init",
      "known-reading north/tank/level 2 good",
      "reading north/tank/level 3 good",
    ]);
  });

  type Step =
    | { readonly do: "announce" | "retire" | "lost" | "ready" | "set"; readonly thing: string }
    | { readonly do: "report"; readonly thing: string; readonly value: number }
    | { readonly do: "wait"; readonly ms: number };
  const thing = fc.constantFrom("north", "south", "east");
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constantFrom("announce", "retire", "lost", "ready", "set"), thing }),
    fc.record({ do: fc.constant("report" as const), thing, value: fc.integer({ min: 0, max: 3 }) }),
    // Long enough for several chapters.
    fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(10, 1_000, HOUR_MS, 2 * HOUR_MS) }),
  ) as fc.Arbitrary<Step>;

  test("and what happened since make the house of the end, wherever one begins", async () => {
    let chapters = 0;
    const run = async (steps: readonly Step[], start: number): Promise<void> => {
      const house = journalHouse({ settings: { keepMs: 3 * HOUR_MS } });
      house.start();
      const times: number[] = [];
      for (const each of steps) {
        times.push(house.clock.now());
        if (each.do === "wait") await house.clock.advance(each.ms);
        else if (each.do === "announce") await house.announce(tank(each.thing));
        else if (each.do === "retire") await house.retire(each.thing);
        else if (each.do === "report") await house.report(each.thing, LEVEL, each.value);
        else if (each.do === "set") await house.command(each.thing, VALVE, true);
        else await house.become(each.thing, each.do);
        await new Promise(setImmediate);
      }
      await house.clock.advance(1);
      // So that there is an event to begin with.
      await house.announce(tank("end"));
      const fold = new KnownHouseFold();
      for (const event of await house.read({ known: true, from: times[start % times.length] ?? 0 }))
        fold.apply(event);
      expect(byName(fold.house())).toEqual(
        byName({
          things: [...house.registry.records()],
          readings: [...house.registry.records()].flatMap(({ thing }) =>
            house.registry.readings(thing.id as ThingId),
          ),
        }),
      );
      chapters = Math.max(chapters, house.journal.chapters);
      await house.journal[Symbol.asyncDispose]();
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(), run), {
      numRuns: 150,
    });
    expect(chapters).toBeGreaterThan(3);
  });
});

describe("the clock", () => {
  test("that was set later in the same boot corrects what was before", async () => {
    const clock = new VirtualClock({ wall: Date.UTC(1970, 0, 1), trust: "untrusted" });
    const house = journalHouse({ clock });
    house.start();
    await house.announce(tank("north"));
    await clock.advance(60_000);
    await house.report("north", LEVEL, 1);
    await clock.advance(30_000);
    const now = Date.UTC(2026, 5, 1, 12);
    clock.step(now - clock.now(), "synced");
    await clock.advance(5_000);
    await house.report("north", LEVEL, 2);
    const readings = await house.read({ kinds: new Set(["reading"]) });
    expect(readings.map(({ time }) => time - now)).toEqual([-30_000, 5_000]);
    // What a rule saw then stays as it was.
    expect(readings.map(({ at }) => [at.wall, at.trust])).toEqual([
      [60_000, "untrusted"],
      [now + 5_000, "synced"],
    ]);
    // And the corrected time is what one asks for.
    const early = await house.read({ from: now - 40_000, to: now - 20_000, kinds: new Set(["reading"]) });
    expect(early.map(({ what }) => (what as Reading).value)).toEqual([1]);
    expect((await house.journal.state()).from).toBe(now - 90_000);
  });

  test("that nobody has set tells its own time, and steps of a trusted one change nothing", async () => {
    const clock = new VirtualClock({ wall: 0, trust: "untrusted" });
    const house = journalHouse({ clock });
    house.start();
    await clock.advance(1_000);
    await house.announce(tank("north"));
    expect((await house.read()).map(({ time }) => time)).toEqual([0, 1_000]);
    clock.step(10_000, "synced");
    clock.step(-500_000);
    await house.report("north", LEVEL, 2);
    const events = await house.read();
    expect(events.map(({ kind, time, at }) => [kind, time, at.wall])).toEqual([
      ["start", 10_000, 0],
      ["thing", 11_000, 1_000],
      ["clock", 11_000, 11_000],
      ["clock", -489_000, -489_000],
      ["reading", -489_000, -489_000],
    ]);
    // A block whose clock jumped is looked through, whatever its ends say.
    expect(await house.read({ from: 10_500, to: 11_500 })).toHaveLength(2);
  });
});

test("an hour that only a wrong clock told is found as well", async () => {
  const house = journalHouse();
  house.start();
  await house.announce(tank("north"));
  const now = house.clock.now();
  house.clock.step(HOUR_MS);
  await house.report("north", LEVEL, 1);
  house.clock.step(-HOUR_MS);
  await house.report("north", LEVEL, 2);
  const found = await house.read({ from: now + HOUR_MS, to: now + HOUR_MS });
  expect(found.map(line)).toEqual(["clock 3600000 synced", "reading north/tank/level 1 good"]);
});

test("the state tells how far back it reaches and what it costs", async () => {
  const house = journalHouse();
  house.start();
  await house.announce(tank("north"));
  for (let count = 0; count < 100; count++) {
    await house.report("north", LEVEL, count);
    await house.clock.advance(100);
  }
  const state = await house.journal.state();
  expect(state).toMatchObject({
    recorded: 102,
    perSecond: 10.2,
    dropped: 0,
    missed: 0,
    damaged: 0,
    diskBytes: 0,
  });
  expect(state.from).toBe(house.clock.now() - 10_000);
  expect(state.completeFrom).toBe(state.from);
  expect(state.memoryBytes).toBeGreaterThan(1_000);
  expect(state.memoryBytes).toBeLessThan(100_000);
});

function byName({ things, readings }: ReturnType<KnownHouseFold["house"]>) {
  return {
    things: Object.fromEntries(things.map((record) => [record.thing.id, record])),
    readings: Object.fromEntries(
      readings.map((reading) => [`${reading.thing}/${reading.property}`, reading]),
    ),
  };
}
