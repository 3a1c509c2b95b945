import type { PropertyAffordance, RuleCondition, RuleTrigger } from "@tram/protocol";

/** What a numeric trigger or condition says, as far as the bounds of its property matter. */
export type Numeric =
  | Extract<RuleTrigger, { numeric: unknown }>["numeric"]
  | Extract<RuleCondition, { numeric: unknown }>["numeric"];

/** What is wrong with one of the keys of a numeric trigger or condition. */
export interface BoundProblem {
  readonly key: "above" | "below" | "hysteresis";
  readonly problem: string;
}

/**
 * Compares thresholds with what the property can be. They are in the unit of the property: one beyond its bounds is a
 * mistake, or of another unit.
 */
export function boundProblems(
  numeric: Numeric,
  reference: string,
  { maximum, minimum, unit }: Pick<PropertyAffordance, "minimum" | "maximum" | "unit">,
): BoundProblem[] {
  const { above, below } = numeric;
  const hysteresis = "hysteresis" in numeric ? (numeric.hysteresis ?? 0) : 0;
  const of = (value: number): string => (unit === undefined ? String(value) : `${value} ${unit}`);
  const most = maximum === undefined ? "" : `${reference} is at most ${of(maximum)}`;
  const least = minimum === undefined ? "" : `${reference} is at least ${of(minimum)}`;
  const found: BoundProblem[] = [];
  const tell = (key: BoundProblem["key"], problem: string): void => void found.push({ key, problem });
  if (above !== undefined) {
    if (maximum !== undefined && above >= maximum) tell("above", `can never be above ${of(above)}: ${most}`);
    else if (minimum !== undefined && above < minimum)
      tell("above", `is always above ${of(above)}: ${least}`);
    else if (minimum !== undefined && hysteresis > 0 && above - hysteresis < minimum) {
      tell(
        "hysteresis",
        `never ends once it was true: it would have to be ${of(above - hysteresis)} or less, and ${least}`,
      );
    }
  }
  if (below !== undefined) {
    if (minimum !== undefined && below <= minimum) tell("below", `can never be below ${of(below)}: ${least}`);
    else if (maximum !== undefined && below > maximum) tell("below", `is always below ${of(below)}: ${most}`);
    else if (maximum !== undefined && hysteresis > 0 && below + hysteresis > maximum) {
      tell(
        "hysteresis",
        `never ends once it was true: it would have to be ${of(below + hysteresis)} or more, and ${most}`,
      );
    }
  }
  return found;
}
