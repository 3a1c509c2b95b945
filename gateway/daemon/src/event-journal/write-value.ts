import { type Json, jsonEqual } from "@tram/protocol";
import { LARGEST_WHOLE, POWERS, VALUE_CODE } from "./block-layout.ts";
import type { ByteSink } from "./byte-sink.ts";
import type { Series } from "./series-table.ts";

/**
 * Writes the value of a reading after the one before it.
 * @returns whether it is a mere difference, which the head of the entry has to say.
 */
export function writeValue(sink: ByteSink, series: Series, value: Json): boolean {
  if (typeof value === "number") return writeNumber(sink, series, value);
  const before = series.value;
  series.value = value;
  series.isDecimal = false;
  if (before !== undefined && (before === value || (typeof value === "object" && jsonEqual(before, value)))) {
    sink.byte(VALUE_CODE.same);
  } else if (value === null) sink.byte(VALUE_CODE.null);
  else if (typeof value === "boolean") sink.byte(value ? VALUE_CODE.true : VALUE_CODE.false);
  else if (typeof value === "string" && value.isWellFormed()) {
    sink.byte(VALUE_CODE.text);
    sink.text(value);
  } else {
    sink.byte(VALUE_CODE.json);
    sink.text(JSON.stringify(value));
  }
  return false;
}

/** Sensors report decimals: 21.5 is 215 tenths, and the next value is not far. */
function writeNumber(sink: ByteSink, series: Series, value: number): boolean {
  const before = series.whole;
  const decimals = series.decimals;
  const wasDecimal = series.isDecimal;
  series.value = value;
  series.isDecimal = findDecimals(series, value);
  if (!series.isDecimal) {
    sink.byte(VALUE_CODE.double);
    sink.double(value);
    return false;
  }
  if (wasDecimal && series.decimals === decimals) {
    sink.signed(series.whole - before);
    return true;
  }
  sink.byte(VALUE_CODE.decimal);
  sink.byte(series.decimals);
  sink.signed(series.whole);
  return false;
}

/** As many decimals as before if they do, else the fewest. */
function findDecimals(series: Series, value: number): boolean {
  if (fits(series, value, series.decimals)) return true;
  for (let decimals = 0; decimals < POWERS.length; decimals++) {
    if (decimals !== series.decimals && fits(series, value, decimals)) {
      series.decimals = decimals;
      return true;
    }
  }
  return false;
}

function fits(series: Series, value: number, decimals: number): boolean {
  const power = POWERS[decimals] as number;
  const whole = Math.round(value * power);
  // Half of the largest, so that a difference is not too large either. -0 is none of them.
  if (
    whole / power !== value ||
    Math.abs(whole) > LARGEST_WHOLE / 2 ||
    (whole === 0 && Object.is(value, -0))
  ) {
    return false;
  }
  series.whole = whole === 0 ? 0 : whole;
  return true;
}
