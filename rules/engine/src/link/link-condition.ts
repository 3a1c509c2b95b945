import type { PropertyKey, RuleCondition, RuleId, ThingId } from "@tram/protocol";
import { secondOfDay } from "../calendar.ts";
import type { CompiledCondition, PresenceSource, Source, ValueTest } from "../program.ts";
import { joinPath } from "../shape-check.ts";
import { nameOf, sourceOf } from "./link-trigger.ts";
import { describeTest, type RuleLinker } from "./rule-linker.ts";

/** Whoever lives here, where a rule does not say. */
const PERSON = "person";

export function linkConditions(
  linker: RuleLinker,
  conditions: readonly RuleCondition[],
  path: string,
): CompiledCondition[] {
  return conditions.map((condition, index) => linkCondition(linker, condition, joinPath(path, index)));
}

function linkCondition(linker: RuleLinker, condition: RuleCondition, path: string): CompiledCondition {
  if ("and" in condition) return group(linker, { kind: "and", what: "all of", inner: condition.and, path });
  if ("or" in condition) return group(linker, { kind: "or", what: "any of", inner: condition.or, path });
  if ("not" in condition) {
    return { kind: "not", what: "not", inner: [linkCondition(linker, condition.not, joinPath(path, "not"))] };
  }
  if ("state" in condition || "numeric" in condition) return linkValue(linker, condition, path);
  if ("time" in condition) return linkTime(linker, condition.time, joinPath(path, "time"));
  if ("sun" in condition) {
    const window = linker.made(linker.schedules.sunWindow(condition.sun), joinPath(path, "sun"));
    return window === undefined ? never("sun") : { kind: "window", what: window.text, window };
  }
  if ("schedule" in condition) {
    const made = linker.schedules.weekWindow(condition.schedule.week);
    const window = linker.made(made, joinPath(path, "schedule.week"));
    return window === undefined
      ? never("schedule")
      : { kind: "window", what: `within ${window.text}`, window };
  }
  if ("presence" in condition) return linkPresence(linker, condition, path);
  if ("trigger" in condition) {
    const labels = [condition.trigger].flat();
    return { kind: "trigger", what: `fired by ${labels.join(" or ")}`, labels };
  }
  if ("expression" in condition) {
    const found = linker.expression(condition.expression, joinPath(path, "expression"));
    return found === undefined
      ? never("expression")
      : { kind: "expression", what: condition.expression, ...found };
  }
  if ("availability" in condition) {
    const { is, thing } = condition.availability;
    const words = [is].flat();
    const inner = linker.things(thing, joinPath(path, "availability.thing")).map(
      (id): CompiledCondition => ({
        kind: "value",
        what: `${id} is ${words.join(" or ")}`,
        source: { on: "availability", thing: id },
        test: { kind: "oneOf", values: words },
      }),
    );
    const [only] = inner;
    return inner.length === 1 && only !== undefined ? only : { kind: "and", what: "all of", inner };
  }
  if ("bridge" in condition) {
    const { is, provider } = condition.bridge;
    const what = `the bridge${provider === undefined ? "" : ` ${provider}`} is ${is}`;
    const source: Source = { on: "bridge", ...(provider === undefined ? {} : { provider }) };
    return { kind: "value", what, source, test: { kind: "oneOf", values: [is] } };
  }
  if ("clock" in condition)
    return { kind: "clock", what: `the clock is ${condition.clock}`, is: condition.clock };
  const { id, is } = condition.rule;
  return { kind: "rule", what: `rule ${id} is ${is}`, rule: id as RuleId, is };
}

/** Stands where a condition could not be read: what it is a condition of does not run. */
function never(what: string): CompiledCondition {
  return { kind: "or", what, inner: [] };
}

function group(
  linker: RuleLinker,
  {
    inner,
    kind,
    path,
    what,
  }: { kind: "and" | "or"; what: string; inner: readonly RuleCondition[]; path: string },
): CompiledCondition {
  return { kind, what, inner: linkConditions(linker, inner, joinPath(path, kind)) };
}

function linkValue(
  linker: RuleLinker,
  condition: Extract<RuleCondition, { state: unknown } | { numeric: unknown }>,
  path: string,
): CompiledCondition {
  const part = "numeric" in condition ? condition.numeric : condition.state;
  const inside = joinPath(path, "numeric" in condition ? "numeric" : "state");
  const link = linker.watched(part.property, joinPath(inside, "property"));
  const affordance = part.attribute === undefined ? link.affordance : undefined;
  const test: ValueTest =
    "is" in part
      ? { kind: "oneOf", values: linker.values(part.is, affordance, joinPath(inside, "is")) }
      : linker.range(part, affordance, inside);
  const source = sourceOf(link, part.attribute);
  const name = part.attribute === undefined ? part.property : `${part.property} ${part.attribute}`;
  return valueCondition(linker, {
    what: `${name} ${describeTest(test)}`,
    source,
    test,
    for: condition.for,
    path,
  });
}

function valueCondition(
  linker: RuleLinker,
  parts: { what: string; source: Source | undefined; test: ValueTest; for: string | undefined; path: string },
): CompiledCondition {
  const { path, source, test, what } = parts;
  const common = { kind: "value", test, ...(source === undefined ? {} : { source }) } as const;
  if (parts.for === undefined) return { ...common, what: linker.texts.of(what) };
  const forMs = linker.duration(parts.for, joinPath(path, "for"));
  const key = linker.hold(source, test, `${nameOf(source)} ${describeTest(test)}`);
  return { ...common, what: `${what} for ${parts.for}`, held: { forMs, key } };
}

function linkTime(
  linker: RuleLinker,
  window: Extract<RuleCondition, { time: unknown }>["time"],
  path: string,
): CompiledCondition {
  const { after, before, weekdays } = window;
  if (after === undefined && before === undefined && weekdays === undefined) {
    linker.problem(path, "found none of its keys, expected after, before or weekdays");
  }
  if (after !== undefined && before !== undefined && secondOfDay(after) === secondOfDay(before)) {
    linker.problem(path, `after and before are both ${after}, expected a window`);
  }
  const words = [
    "time is",
    ...(after === undefined ? [] : [`from ${after}`]),
    ...(before === undefined ? [] : [`before ${before}`]),
    ...(weekdays === undefined ? [] : [`on ${weekdays.join(", ")}`]),
  ];
  return {
    kind: "time",
    what: linker.texts.of(words.join(" ")),
    ...(after === undefined ? {} : { after: secondOfDay(after) }),
    ...(before === undefined ? {} : { before: secondOfDay(before) }),
    ...(weekdays === undefined ? {} : { weekdays }),
  };
}

function linkPresence(
  linker: RuleLinker,
  condition: Extract<RuleCondition, { presence: unknown }>,
  path: string,
): CompiledCondition {
  const { is, of = { tag: PERSON } } = condition.presence;
  const things = linker.things(of, joinPath(path, "presence.of"));
  if (things.length === 0) linker.warn(joinPath(path, "presence"), `nobody is known there yet`);
  const source: PresenceSource = {
    on: "presence",
    is,
    members: things.map((thing) => {
      const property = presentProperty(linker, thing);
      return property === undefined ? { thing } : { thing, property };
    }),
  };
  const test: ValueTest = { kind: "oneOf", values: [true] };
  return valueCondition(linker, { what: `${is} is at home`, source, test, for: condition.for, path });
}

/** The property of a Thing that says that somebody is there. */
function presentProperty(linker: RuleLinker, thing: ThingId): PropertyKey | undefined {
  const known = linker.house.thing(thing);
  const key = Object.entries(known?.properties ?? {}).find(
    ([name, { type }]) => type === "boolean" && /\/(?:present|presence|occupied|occupancy|home)$/.test(name),
  )?.[0];
  return key as PropertyKey | undefined;
}
