import { isColor } from "./color.ts";

/**
 * The string formats that Tram knows, as Homie 5.0 "Payload" writes them; the same text is the value of the property.
 * Any other JSON Schema `format` is free text.
 */
interface ValueFormat {
  readonly fits: (text: string) => boolean;
  /** What is expected, for people. */
  readonly expected: string;
}

const MOMENT =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?$/;
const AMOUNT = "(\\d+(?:\\.\\d+)?)";
const DURATION = new RegExp(
  `^P(?!$)(?:${AMOUNT}Y)?(?:${AMOUNT}M)?(?:${AMOUNT}D)?(?:T(?=\\d)(?:${AMOUNT}H)?(?:${AMOUNT}M)?(?:${AMOUNT}S)?)?$`,
);

const FORMATS: ReadonlyMap<string, ValueFormat> = new Map([
  ["color", { fits: (text) => isColor(text), expected: "a colour such as rgb,255,100,0" }],
  ["date-time", { fits: isMoment, expected: "an ISO 8601 date and time" }],
  ["duration", { fits: (text) => DURATION.test(text), expected: "an ISO 8601 duration such as PT12H5M46S" }],
]);

/**
 * Checks a text against a format.
 * @returns what was expected, when the text does not fit; `undefined` when it fits, or the format is not known.
 */
export function missesFormat(format: string, text: string): string | undefined {
  const known = FORMATS.get(format);
  return known === undefined || known.fits(text) ? undefined : known.expected;
}

/**
 * Writes an ISO 8601 duration as Homie 5.0 "Duration" has it, in hours, minutes and seconds: `P1DT2H` is `PT26H`.
 * What has years or months has no length, and stays as it is.
 */
export function durationInHours(text: string): string {
  const [, years, months, days, hours, minutes, seconds] = DURATION.exec(text) ?? [];
  if (days === undefined || years !== undefined || months !== undefined) return text;
  const all = Number(days) * 24 + Number(hours ?? 0);
  const rest = `${minutes === undefined ? "" : `${minutes}M`}${seconds === undefined ? "" : `${seconds}S`}`;
  return `PT${all}H${rest}`;
}

function isMoment(text: string): boolean {
  const [, year, month, day] = MOMENT.exec(text) ?? [];
  // Day 0 of the next month is the last of this one.
  return day !== undefined && Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
}
