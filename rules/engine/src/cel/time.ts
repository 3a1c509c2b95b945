import { duration, timestamp } from "./arithmetic.ts";
import { Failure } from "./evaluation.ts";
import { CelDuration, type CelTimestamp } from "./value.ts";

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
  ["us", 1e-3],
  ["ns", 1e-6],
]);
const DURATION = /^[-+]?(?:(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:ms|us|ns|[dhms])){1,8}$/;
const DURATION_PART = /([\d.]+)(ms|us|ns|[dhms])/g;

/** Reads RFC 3339, kept to the millisecond. */
export function parseTimestamp(text: string): CelTimestamp | Failure {
  const [, date, time, fraction, sign, hours = "0", minutes = "0"] = RFC_3339.exec(text) ?? [];
  const wall = Date.parse(`${date}T${time}Z`);
  // A day or an hour that is not there is carried over into the next by some engines.
  const real = !Number.isNaN(wall) && new Date(wall).toISOString().startsWith(`${date}T${time}`);
  const offset = Number(hours) * 60 + Number(minutes);
  if (!real || Number(hours) > 23 || Number(minutes) > 59) {
    return new Failure(`${quoted(text)} is no timestamp such as "2026-03-29T07:30:00+07:00"`);
  }
  const ms = Math.trunc(Number(fraction ?? 0) * 1_000);
  return timestamp(wall + ms - (sign === "-" ? -offset : offset) * 60_000);
}

/** Reads `1h30m`, `-1.5s`, `0`; days (`d`, 24 hours) are ours. */
export function parseDuration(text: string): CelDuration | Failure {
  if (text === "0") return new CelDuration(0);
  if (text.length > 200 || !DURATION.test(text))
    return new Failure(`${quoted(text)} is no duration such as "1h30m"`);
  let total = 0;
  for (const [, amount, unit = ""] of text.matchAll(DURATION_PART)) {
    total += Number(amount) * (UNITS_MS.get(unit) ?? 0);
  }
  return duration(text.startsWith("-") ? -total : total);
}

/** Writes RFC 3339 in UTC; milliseconds only where there are some. */
export function writeTimestamp({ epochMs }: CelTimestamp): string {
  return new Date(epochMs).toISOString().replace(/\.?0*Z$/, "Z");
}

/** Writes seconds, as JSON has durations (langdef §"JSON Data Conversion"): `90s`, `0.5s`. */
export function writeDuration({ ms }: CelDuration): string {
  const seconds = Number((ms / 1_000).toFixed(9));
  // JavaScript writes the smallest ones with an exponent.
  const text = String(seconds);
  return `${text.includes("e") ? seconds.toFixed(9).replace(/0+$/, "") : text}s`;
}

/** Parts of a timestamp; those of a duration are whole hours, minutes and seconds (langdef §"Functions"). */
export const TIME_PARTS: Readonly<Record<string, (at: Date) => number>> = {
  getFullYear: (at) => at.getUTCFullYear(),
  getMonth: (at) => at.getUTCMonth(),
  getDate: (at) => at.getUTCDate(),
  getDayOfMonth: (at) => at.getUTCDate() - 1,
  getDayOfWeek: (at) => at.getUTCDay(),
  getDayOfYear: (at) => {
    const start = new Date(at);
    start.setUTCMonth(0, 1);
    return Math.round((at.getTime() - start.getTime()) / 86_400_000);
  },
  getHours: (at) => at.getUTCHours(),
  getMinutes: (at) => at.getUTCMinutes(),
  getSeconds: (at) => at.getUTCSeconds(),
  getMilliseconds: (at) => at.getUTCMilliseconds(),
};

const DURATION_PARTS: Readonly<Record<string, (ms: number) => number>> = {
  getHours: (ms) => ms / 3_600_000,
  getMinutes: (ms) => ms / 60_000,
  getSeconds: (ms) => ms / 1_000,
  getMilliseconds: (ms) => ms % 1_000,
};

/** @param zone `UTC`, or an offset such as `+07:00`. Names of zones need tables; `local()` has the gateway's own. */
export function timePart(name: string, of: CelTimestamp | CelDuration, zone = "UTC"): bigint | Failure {
  if (of instanceof CelDuration) {
    const part = DURATION_PARTS[name];
    return part === undefined ? new Failure(`a duration has no ${name}`) : BigInt(Math.trunc(part(of.ms)));
  }
  const [found, sign, hours = "0", minutes = "0"] = /^(?:UTC|([+-]?)(\d\d):(\d\d))$/.exec(zone) ?? [];
  if (found === undefined)
    return new Failure(`unknown time zone ${quoted(zone)}; use an offset such as "+07:00", or local()`);
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60_000 : 60_000);
  const part = TIME_PARTS[name];
  return BigInt(part?.(new Date(of.epochMs + offsetMs)) ?? 0);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
