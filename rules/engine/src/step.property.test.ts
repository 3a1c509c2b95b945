import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { Scenario } from "../testing/scenario.ts";
import type { RuleEvent, World } from "./events.ts";
import { step } from "./step.ts";

const TEMPERATURE = "room/air/temperature";
const MODE = "lamp/light/mode";
const OPEN = "door/contact/open";
const PRESS = "button/press/kind";

const durations = fc.constantFrom("0s", "1s", "2s", "3.5s", "1m", "2h");
const modes = fc.constantFrom("day", "night", "off");

const triggers = fc.oneof(
  fc.record({
    numeric: fc.constantFrom<object>(
      { property: TEMPERATURE, above: 20 },
      { property: "room/temperature", above: 10, below: 25 },
    ),
    for: fc.option(durations, { nil: undefined }),
  }),
  fc.record({
    state: fc.record({
      property: fc.constant(MODE),
      to: fc.option(modes, { nil: undefined }),
      from: fc.option(modes, { nil: undefined }),
    }),
    for: fc.option(durations, { nil: undefined }),
  }),
  fc.record({
    state: fc.constantFrom<object>(
      { property: OPEN, to: true },
      { property: PRESS },
      { property: PRESS, to: "long" },
    ),
    for: fc.option(durations, { nil: undefined }),
  }),
  fc.record({ time: fc.constantFrom("06:00", "06:00:02", "07:00", "23:59:59") }),
);

const conditions = fc.constantFrom<object>(
  { state: { property: OPEN, is: true } },
  { not: { numeric: { property: TEMPERATURE, below: 15 } } },
  { time: { after: "05:00", before: "23:00" } },
);

const actions = fc.oneof(
  fc.record({ delay: durations }),
  fc.record({ notify: fc.constantFrom("one", "two", "three") }),
  fc.record({ set: fc.constant("lamp/level"), value: fc.integer({ min: 0, max: 100 }) }),
);

const ruleFiles = fc
  .array(
    fc.record({
      mode: fc.constantFrom("single", "restart", "queued", "parallel"),
      max: fc.integer({ min: 1, max: 3 }),
      triggers: fc.array(triggers, { minLength: 1, maxLength: 3 }),
      conditions: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.tuple(conditions) },
      ),
      actions: fc.array(actions, { minLength: 1, maxLength: 5 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((rules) =>
    stringify(JSON.parse(JSON.stringify(rules.map((rule, index) => ({ id: `r${index}`, ...rule }))))),
  );

type Move = (gateway: Scenario) => void;

const quality = fc.constantFrom("good", "good", "good", "stale", "bad");
const values = fc.oneof(
  fc.tuple(fc.constant(TEMPERATURE), fc.constantFrom<string | number>(5, 12, 20, 22, 30, "hot")),
  fc.tuple(fc.constant(MODE), modes),
  fc.tuple(fc.constant(OPEN), fc.boolean()),
  fc.tuple(fc.constant(PRESS), fc.constantFrom("short", "long")),
);
const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(values, quality).map(
      ([[property, value], quality]): Move =>
        (gateway) =>
          void gateway.report(property, value, { quality }),
    ),
  },
  {
    weight: 5,
    arbitrary: fc
      .oneof(
        fc.constantFrom(1, 999, 1_000, 2_000, 59_000, 3_600_000),
        // Quarters are exact in binary: sums do not depend on the order.
        fc.integer({ min: 0, max: 20_000 }).map((quarters) => quarters / 4),
      )
      .map(
        (ms): Move =>
          (gateway) =>
            gateway.advance(ms),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(-86_400_000, -3_600_000, -1_500, 0, 1_500, 59_000, 3_600_000, 90_000_000),
        fc.constantFrom("untrusted", "holdover", "synced", "synced"),
      )
      .map(
        ([stepMs, trust]): Move =>
          (gateway) =>
            gateway.clock(stepMs, trust),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(1_000, 60_000, 7_200_000), fc.constantFrom("untrusted", "synced"))
      .map(
        ([offMs, trust]): Move =>
          (gateway) =>
            gateway.powerCut(offMs, { trust }),
      ),
  },
);
const scenarios = fc.tuple(ruleFiles, fc.array(moves, { minLength: 20, maxLength: 60 }));

test("crash anywhere: what was kept as JSON goes on exactly as if nothing had happened", () => {
  let effects = 0;
  fc.assert(
    fc.property(scenarios, ([rules, story]) => {
      const steady = new Scenario(rules);
      const crashing = new Scenario(rules, { crashing: true });
      expect(steady.program.broken).toEqual([]);
      for (const move of story) {
        move(steady);
        move(crashing);
        expect(crashing.effects).toEqual(steady.effects);
      }
      effects += steady.effects.length;
      expect(Object.fromEntries(crashing.saved)).toEqual(Object.fromEntries(steady.saved));
    }),
    { numRuns: 200 },
  );
  // Or the stories would be about nothing.
  expect(effects).toBeGreaterThan(200);
});

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}

/** A scenario whose events are also given to the pure `step`, with frozen arguments. */
class Shadowed extends Scenario {
  override send(event: RuleEvent) {
    const { program, saved, world } = this;
    const state = new Map([...saved].map(([id, text]) => [id, deepFreeze(JSON.parse(text))] as const));
    const frozen: World = {
      now: deepFreeze(world.now),
      read: (id, property) => deepFreeze(world.read(id, property)),
    };
    const pure = step(program, state, deepFreeze({ ...event }), frozen);
    const result = super.send(event);
    expect(Object.fromEntries(pure.changed)).toEqual(Object.fromEntries(result.changed));
    expect(pure.effects).toEqual(result.effects);
    // Rules that fight are seen by a runner only, which remembers what others wanted.
    const told = ({ traces }: typeof pure) => traces.filter(({ trace }) => trace.outcome !== "conflict");
    if (event.kind !== "start") expect(told(pure)).toEqual(told(result));
    expect(pure.nextWakeup === undefined).toBe(result.nextWakeup === undefined);
    expect(Math.abs((pure.nextWakeup ?? 0) - (result.nextWakeup ?? 0))).toBeLessThan(0.01);
    return result;
  }
}

test("step and RuleRunner do the same, and step leaves frozen arguments alone", () => {
  fc.assert(
    fc.property(scenarios, ([rules, story]) => {
      const gateway = new Shadowed(rules);
      for (const move of story) move(gateway);
    }),
    { numRuns: 200 },
  );
});
