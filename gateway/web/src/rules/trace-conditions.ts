import type { TraceCheck } from "@tram/protocol";

/**
 * What a trace says of the conditions, read back from the sentences in which the engine tells its checks:
 * `conditions[1].or[0]: air/air/temperature is above 30 (stale)`.
 */
export type CheckedTest =
  | { readonly kind: "equals"; readonly property: string; readonly value: unknown }
  | {
      readonly kind: "range";
      readonly property: string;
      readonly above?: number | undefined;
      readonly below?: number | undefined;
    }
  | {
      readonly kind: "time";
      readonly after?: string | undefined;
      readonly before?: string | undefined;
      readonly weekdays: readonly string[];
    }
  /** A group of conditions. */
  | { readonly kind: "and" | "or" | "not" }
  /** A sentence that is not known here: it is shown as it is. */
  | { readonly kind: "other"; readonly what: string };

export interface CheckedCondition {
  readonly test: CheckedTest;
  readonly passed: boolean;
  readonly seen: unknown;
  /** `not known`, `stale`, `bad`, `not a number`, `the clock is not trusted` */
  readonly notes: readonly string[];
  readonly parts: readonly CheckedCondition[];
}

/** The conditions of a rule as they were checked, groups with their parts. */
export function readConditions(checks: readonly TraceCheck[]): readonly CheckedCondition[] {
  const roots: CheckedCondition[] = [];
  const byPlace = new Map<string, { parts: CheckedCondition[] }>();
  for (const { what, passed, seen } of checks) {
    const [, place = "", sentence = what] =
      /^(conditions\[\d+\](?:\.(?:and|or)\[\d+\]|\.not)*): (.*)$/s.exec(what) ?? [];
    const [, plain = sentence, notes] = NOTES.exec(sentence) ?? [];
    const node = {
      test: readTest(plain),
      passed,
      seen,
      notes: notes?.split(", ") ?? [],
      parts: [] as CheckedCondition[],
    };
    const group = byPlace.get(place.replace(/\.(?:(?:and|or)\[\d+\]|not)$/, ""));
    (group?.parts ?? roots).push(node);
    if (place !== "") byPlace.set(place, node);
  }
  return roots;
}

/** Notes stand at the end; a text value may hold brackets of its own. */
const NOTES =
  /^(.*) \(((?:not known|stale|bad|not a number|the clock is not trusted)(?:, not a number)?)\)$/s;

function readTest(sentence: string): CheckedTest {
  if (sentence === "all of") return { kind: "and" };
  if (sentence === "any of") return { kind: "or" };
  if (sentence === "not") return { kind: "not" };
  const time = /^time is(?: from (\S+))?(?: before (\S+))?(?: on (.+))?$/.exec(sentence);
  if (time !== null) {
    const [, after, before, days] = time;
    return { kind: "time", after, before, weekdays: days?.split(", ") ?? [] };
  }
  const range = /^(\S+) is (?:above (\S+))?(?: and )?(?:below (\S+))?$/.exec(sentence);
  if (range !== null) {
    const [, property = "", above, below] = range;
    if (above !== undefined || below !== undefined)
      return { kind: "range", property, above: numberOf(above), below: numberOf(below) };
  }
  const [, property, written] = /^(\S+) is (.+)$/s.exec(sentence) ?? [];
  if (property === undefined || written === undefined) return { kind: "other", what: sentence };
  try {
    return { kind: "equals", property, value: JSON.parse(written) };
  } catch {
    return { kind: "other", what: sentence }; // A long value is cut off in the diary.
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
