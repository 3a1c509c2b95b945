import type { EpochMs } from "@tram/protocol";

/** An ISO 8601 time with its zone: without one it would be anybody's guess whose. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Reads a parameter that is a time. @returns NaN for what is none, `undefined` where it is not given. */
export function timeOf(text: string | undefined): EpochMs | undefined {
  if (text === undefined) return undefined;
  return TIME.test(text) ? Date.parse(text) : Number.NaN;
}
