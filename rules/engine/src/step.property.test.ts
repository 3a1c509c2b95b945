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

/** More of them: `TRAM_SEEDS=10000`. */
const SEEDS = Number(process.env.TRAM_SEEDS ?? 500);

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
  fc.constantFrom<object>(
    { cron: "*/7 * * * *" },
    { time_pattern: { minutes: "/20" } },
    { sun: { event: "sunset", offset: "-10m" } },
    { schedule: { on: "both", week: { daily: ["06:30-08:00", "23:00-01:00"] } } },
    { expression: `value("${TEMPERATURE}") > 15.0 && value("${OPEN}") == true` },
    { availability: { thing: "lamp", to: ["lost", "ready"] }, for: "10s" },
    { mqtt: { topic: "farm/#" }, mode: "restart" },
    { webhook: "a-long-secret" },
    { bridge: { to: "offline" }, for: "1m" },
  ),
);

const conditions = fc.constantFrom<object>(
  { state: { property: OPEN, is: true } },
  { not: { numeric: { property: TEMPERATURE, below: 15 } } },
  { time: { after: "05:00", before: "23:00" } },
  { numeric: { property: TEMPERATURE, above: 10 }, for: "5s" },
  { state: { property: OPEN, is: [true, false] }, for: "1m" },
  { expression: 'trigger.kind != "time"' },
  { availability: { thing: "lamp", is: "ready" } },
);
const when = fc.tuple(conditions);

const { list: actionLists } = fc.letrec<{ list: object[]; action: object }>((tie) => ({
  list: fc.array(tie("action"), { minLength: 1, maxLength: 4, depthIdentifier: "rule" }),
  action: fc.oneof(
    { maxDepth: 2, depthIdentifier: "rule" },
    fc.record({ delay: durations }),
    {
      weight: 4,
      arbitrary: fc.record({
        notify: fc.constantFrom("one", "two", "three", "${trigger.id} ${trigger.kind}"),
      }),
    },
    fc.record({ set: fc.constant("lamp/level"), value: fc.integer({ min: 0, max: 100 }) }),
    fc.constantFrom<object>(
      { set: ["lamp/level", "lamp/light/on"], value: "${1 > 0 ? 1 : 2}", confirm: "5s" },
      { wait_for: [{ state: { property: OPEN } }, { time_pattern: { minutes: "/5" } }], timeout: "10m" },
      {
        wait_for: [{ numeric: { property: TEMPERATURE, above: 20 }, for: "2s" }],
        timeout: "1m",
        on_timeout: "stop",
      },
      { wait_until: [{ state: { property: OPEN, is: true }, for: "2s" }], timeout: "30s" },
      { http: "https://example.org/", response: "answer", timeout: "3s" },
      { variables: { seen: "${trigger.kind}" } },
      { publish: "out/x", payload: { kind: "${trigger.kind}" }, retry: true },
      { disable: "r0" },
      { enable: ["r0", "r1"] },
      { call: "r1", wait: true },
      { call: "r2" },
      { stop: "enough" },
    ),
    // biome-ignore lint/suspicious/noThenProperty: it is a word of the language, and no promise.
    fc.record({ if: when, then: tie("list"), else: tie("list") }),
    fc.record({ choose: fc.array(fc.record({ when, do: tie("list") }), { minLength: 1, maxLength: 2 }) }),
    fc.record({
      repeat: fc.oneof(
        fc.record({ count: fc.integer({ min: 0, max: 3 }) }),
        fc.record({ for_each: fc.constantFrom<unknown>([1, 2], "${['a', 'b']}") }),
        fc.record({ until: when }),
      ),
      do: tie("list"),
    }),
    fc.record({ parallel: fc.array(tie("list"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ condition: when }),
  ),
}));

const ruleFiles = fc
  .array(
    fc.record({
      mode: fc.constantFrom("single", "restart", "queued", "parallel"),
      max: fc.integer({ min: 1, max: 3 }),
      triggers: fc.array(triggers, { minLength: 1, maxLength: 3 }),
      conditions: fc.oneof(
        { weight: 6, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.tuple(conditions) },
      ),
      actions: actionLists,
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
    weight: 3,
    arbitrary: fc.constantFrom<Move>(
      (gateway) => void gateway.becomes("lamp", "lost"),
      (gateway) => void gateway.becomes("lamp", "ready"),
      (gateway) => void gateway.message("farm/a", "1"),
      (gateway) => void gateway.webhook("a-long-secret"),
      (gateway) => void gateway.bridge("aws", false),
      (gateway) => void gateway.bridge("aws", true),
      (gateway) => void gateway.control("r0", { do: "enable", by: "api:ann" }),
      (gateway) => void gateway.control("r1", { do: "run", by: "api:ann" }),
      (gateway) => void gateway.control("r1", { do: "cancel", by: "api:ann" }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom("confirmed", "failed", "unknown").map(
      (state): Move =>
        (gateway) => {
          const effect = gateway.raw.findLast(({ awaited }) => awaited);
          if (effect !== undefined) gateway.outcome(effect.rule, effect.id, { state });
        },
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
    { numRuns: SEEDS },
  );
  // Or the stories would be about nothing.
  expect(effects).toBeGreaterThan(SEEDS / 2);
}, 600_000);

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
      ...world,
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
}, 120_000);
