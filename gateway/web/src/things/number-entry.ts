import type { PropertyAffordance } from "@tram/protocol";

export type NumberEntry =
  | { readonly ok: true; readonly value: number }
  | ({ readonly ok: false } & NumberProblem);

export type NumberProblem =
  | { readonly problem: "notNumber" | "notInteger" }
  | { readonly problem: "tooSmall" | "tooBig"; readonly limit: number };

/** Reads what a person typed into a number field. The gateway checks again and rounds to the step. */
export function readNumber(text: string, schema: PropertyAffordance): NumberEntry {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return { ok: false, problem: "notNumber" };
  if (schema.type === "integer" && !Number.isInteger(value)) return { ok: false, problem: "notInteger" };
  if (schema.minimum !== undefined && value < schema.minimum) {
    return { ok: false, problem: "tooSmall", limit: schema.minimum };
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    return { ok: false, problem: "tooBig", limit: schema.maximum };
  }
  return { ok: true, value };
}

/** A slider with more steps than this cannot be set to the one that is meant. */
const MOST_SLIDER_STEPS = 400;

export interface SliderRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** The range of a slider for this number, or `undefined` where a field serves better. */
export function sliderRange(schema: PropertyAffordance): SliderRange | undefined {
  const { minimum: min, maximum: max } = schema;
  const step = schema.multipleOf ?? (schema.type === "integer" ? 1 : undefined);
  if (min === undefined || max === undefined || step === undefined || min >= max) return undefined;
  return (max - min) / step <= MOST_SLIDER_STEPS ? { min, max, step } : undefined;
}
