import { type Json, jsonEqual, type RuleCondition } from "@tram/protocol";
import { DAY_SECONDS, secondOfDay } from "../calendar.ts";
import { writeValue } from "../describe-value.ts";

/** What one condition says about one thing that has a value. */
export interface Fact {
  /** Facts with the same key speak of the same value. */
  readonly key: string;
  /** In the words of the rule. */
  readonly text: string;
  /** It is one of these, or with `not` none of them. */
  readonly values?: readonly Json[];
  readonly not?: boolean;
  readonly range?: Range;
}

interface Range {
  readonly low: number;
  readonly lowIncluded: boolean;
  readonly high: number;
  readonly highIncluded: boolean;
}

const ALL: Range = { low: -Infinity, lowIncluded: false, high: Infinity, highIncluded: false };
const TRUSTED: readonly Json[] = ["holdover", "synced"];

/**
 * What a condition without parts says, as a fact; `undefined` for what is not about the value of something.
 * @param negated the condition stands inside of a `not`.
 * @param nameOf writes a reference in one form: `thing/node/name`.
 */
export function factOf(
  condition: RuleCondition,
  negated: boolean,
  nameOf: (reference: string) => string,
): Fact | undefined {
  const word = negated ? "is not" : "is";
  const among = (key: string, what: string, values: readonly Json[]): Fact => ({
    key,
    text: `${what} ${word} ${values.map(writeValue).join(" or ")}`,
    values,
    not: negated,
  });
  // What has been so for a while says nothing of the present when it is denied.
  if (negated && "for" in condition && condition.for !== undefined) return undefined;
  if ("state" in condition) {
    const { attribute, is, property } = condition.state;
    return among(`value ${nameOf(property)} ${attribute ?? ""}`, property, [is].flat());
  }
  if ("numeric" in condition) {
    const { above, attribute, below, property } = condition.numeric;
    const range = rangeOf(above, below, negated);
    if (range === undefined) return undefined;
    const words = [
      ...(above === undefined ? [] : [`above ${above}`]),
      ...(below === undefined ? [] : [`below ${below}`]),
    ];
    const text = `${property} ${word} ${words.join(" and ")}`;
    return { key: `value ${nameOf(property)} ${attribute ?? ""}`, text, range };
  }
  if ("clock" in condition) {
    return among("clock", "the clock", condition.clock === "trusted" ? TRUSTED : [condition.clock]);
  }
  if ("availability" in condition && typeof condition.availability.thing === "string") {
    const { is, thing } = condition.availability;
    return among(`availability ${thing}`, thing, [is].flat());
  }
  if ("bridge" in condition) {
    const { is, provider = "" } = condition.bridge;
    return among(`bridge ${provider}`, provider === "" ? "the bridge" : provider, [is]);
  }
  if ("rule" in condition) {
    const { id, is } = condition.rule;
    return among(`rule ${id} ${is === "enabled" || is === "disabled" ? "switch" : "run"}`, id, [is]);
  }
  if ("trigger" in condition) return among("trigger", "the trigger", [condition.trigger].flat());
  return undefined;
}

function rangeOf(above: number | undefined, below: number | undefined, negated: boolean): Range | undefined {
  if (!negated)
    return {
      ...ALL,
      ...(above === undefined ? {} : { low: above }),
      ...(below === undefined ? {} : { high: below }),
    };
  // What lies outside of a range with two ends is two ranges.
  if (above !== undefined && below !== undefined) return undefined;
  if (above !== undefined) return { ...ALL, high: above, highIncluded: true };
  return below === undefined ? undefined : { ...ALL, low: below, lowIncluded: true };
}

/** Why facts cannot all be so at the same time; `undefined` when they can. */
export function contradiction(facts: readonly Fact[]): string | undefined {
  const byKey = Map.groupBy(facts, ({ key }) => key);
  for (const group of byKey.values()) {
    for (const [index, one] of group.entries()) {
      if (isImpossible([one])) return `${one.text} is impossible`;
      for (const other of group.slice(index + 1)) {
        if (isImpossible([one, other])) return `${one.text} and ${other.text} exclude each other`;
      }
    }
    if (isImpossible(group)) return `${group.map(({ text }) => text).join(", ")} exclude each other`;
  }
  return undefined;
}

function isImpossible(facts: readonly Fact[]): boolean {
  let range = ALL;
  let allowed: readonly Json[] | undefined;
  const denied: Json[] = [];
  for (const { not, range: own, values } of facts) {
    if (own !== undefined) range = intersect(range, own);
    else if (not === true) denied.push(...(values ?? []));
    else if (values !== undefined) allowed = allowed?.filter((value) => has(values, value)) ?? values;
  }
  const isNumber = facts.some((fact) => fact.range !== undefined);
  if (allowed === undefined) return isNumber && isEmpty(range);
  return !allowed.some((value) => !has(denied, value) && (!isNumber || isInside(range, value)));
}

function intersect(one: Range, other: Range): Range {
  const low = Math.max(one.low, other.low);
  const high = Math.min(one.high, other.high);
  const both = [one, other];
  return {
    low,
    lowIncluded: both.every((each) => each.low !== low || each.lowIncluded),
    high,
    highIncluded: both.every((each) => each.high !== high || each.highIncluded),
  };
}

function isEmpty({ high, highIncluded, low, lowIncluded }: Range): boolean {
  return low > high || (low === high && !(lowIncluded && highIncluded));
}

function isInside({ high, highIncluded, low, lowIncluded }: Range, value: Json): boolean {
  if (typeof value !== "number") return false;
  return (
    (value > low || (lowIncluded && value === low)) && (value < high || (highIncluded && value === high))
  );
}

function has(values: readonly Json[], value: Json): boolean {
  return values.some((each) => jsonEqual(each, value));
}

type TimeWindow = Extract<RuleCondition, { time: unknown }>["time"];

/** Why windows of the day have no moment in common. Those that cross midnight keep the weekday of each day. */
export function timeContradiction(windows: readonly TimeWindow[]): string | undefined {
  let days: readonly string[] | undefined;
  let open: readonly (readonly [number, number])[] = [[0, DAY_SECONDS]];
  for (const { after, before, weekdays } of windows) {
    if (weekdays !== undefined)
      days = days?.filter((day) => weekdays.some((each) => each === day)) ?? weekdays;
    const from = after === undefined ? 0 : secondOfDay(after);
    const to = before === undefined ? DAY_SECONDS : secondOfDay(before);
    const own = from < to ? [[from, to] as const] : [[0, to] as const, [from, DAY_SECONDS] as const];
    open = open.flatMap(([begin, end]) =>
      own.flatMap(([first, last]) => {
        const start = Math.max(begin, first);
        const stop = Math.min(end, last);
        return start < stop ? [[start, stop] as const] : [];
      }),
    );
  }
  if (days?.length === 0) return "the weekdays exclude each other";
  return open.length === 0 ? "the times of day exclude each other" : undefined;
}
