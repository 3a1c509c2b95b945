import {
  type CelBudget,
  EXHAUSTED,
  Failure,
  LIST_TOO_LONG,
  MAX_LIST_LENGTH,
  MAX_TEXT_LENGTH,
  madeList,
  madeText,
  pay,
  TEXT_TOO_LONG,
} from "./evaluation.ts";
import { type CelFunction, define } from "./function-table.ts";
import { compilePattern, matches } from "./pattern.ts";
import { isList, keysOf } from "./value.ts";

/** langdef §"Functions" for texts, and the part of the strings extension that rules need. Positions count code points. */
export const TEXT_FUNCTIONS: Readonly<Record<string, CelFunction>> = {
  size: define("either", ["sized"], "int", (_, of) => {
    if (typeof of === "string") return BigInt(lengthOf(of));
    return BigInt(isList(of) ? of.length : keysOf(of).length);
  }),
  contains: search((text, part) => text.includes(part)),
  startsWith: define("method", ["string", "string"], "bool", (_, text, part) => text.startsWith(part)),
  endsWith: define("method", ["string", "string"], "bool", (_, text, part) => text.endsWith(part)),
  indexOf: search((text, part) => {
    const at = text.indexOf(part);
    return BigInt(at < 0 ? at : lengthOf(text.slice(0, at)));
  }, "int"),
  matches: define("either", ["string", "string"], "bool", (budget, text, source) => {
    if (!pay(budget, source.length)) return EXHAUSTED;
    const pattern = compilePattern(source);
    return pattern instanceof Failure ? pattern : matches(pattern, text, budget);
  }),
  lowerAscii: change((text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  upperAscii: change((text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())),
  trim: change(trim),
  substring: define(
    "method",
    ["string", "number"],
    "string",
    (budget, text, from, to) => {
      const points = pointsOf(text);
      const start = Number(from);
      const end = to === undefined ? points.length : Number(to);
      if (!Number.isInteger(start) || !Number.isInteger(end))
        return new Failure("substring() wants whole numbers");
      if (start < 0 || end < start || end > points.length) {
        return new Failure(`substring(${start}, ${end}) of a text of ${points.length} characters`);
      }
      const part = points.slice(start, end);
      return madeText(budget, typeof part === "string" ? part : part.join(""));
    },
    ["number"],
  ),
  split: define(
    "method",
    ["string", "string"],
    "list",
    (budget, text, separator, most = -1) => {
      const pieces = cut(budget, text, separator, Number(most) < 0 ? Number.POSITIVE_INFINITY : Number(most));
      return pieces instanceof Failure ? pieces : madeList(budget, pieces);
    },
    ["number"],
  ),
  replace: define(
    "method",
    ["string", "string", "string"],
    "string",
    (budget, text, old, fresh, most = -1) => {
      const times = Number(most) < 0 ? Number.POSITIVE_INFINITY : Number(most);
      const pieces = old === "" ? gaps(text, times) : cut(budget, text, old, times + 1);
      if (pieces instanceof Failure) return pieces;
      const length = text.length + (pieces.length - 1) * (fresh.length - old.length);
      return length > MAX_TEXT_LENGTH ? TEXT_TOO_LONG : madeText(budget, pieces.join(fresh));
    },
    ["number"],
  ),
  join: define(
    "method",
    ["list"],
    "string",
    (budget, list, separator = "") => {
      let length = 0;
      for (const item of list) {
        if (typeof item !== "string")
          return new Failure("join() wants texts alone; use map(x, string(x)) before it");
        length += item.length + separator.length;
        if (length > MAX_TEXT_LENGTH + separator.length) return TEXT_TOO_LONG;
      }
      return madeText(budget, list.join(separator));
    },
    ["string"],
  ),
};

/** Searching costs the product of the lengths at worst (langdef §"Time Complexity"). */
function paySearch(budget: CelBudget, text: string, part: string): boolean {
  return pay(budget, (text.length * part.length) / 1_024);
}

function search(
  find: (text: string, part: string) => boolean | bigint,
  result: "bool" | "int" = "bool",
): CelFunction {
  return define("method", ["string", "string"], result, (budget, text, part) =>
    paySearch(budget, text, part) ? find(text, part) : EXHAUSTED,
  );
}

function change(make: (text: string) => string): CelFunction {
  return define("method", ["string"], "string", (budget, text) => madeText(budget, make(text)));
}

/** The white space of Unicode; JavaScript's own `trim` leaves U+0085 and takes U+FEFF. */
const WHITE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && WHITE.test(text.charAt(from))) from++;
  while (to > from && WHITE.test(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Cuts at a separator into at most `most` pieces; the last one keeps what is left. */
function cut(budget: CelBudget, text: string, separator: string, most: number): string[] | Failure {
  if (!paySearch(budget, text, separator)) return EXHAUSTED;
  if (most === 0) return [];
  if (separator === "") {
    const points = Array.from(text);
    return points.length <= most ? points : [...points.slice(0, most - 1), points.slice(most - 1).join("")];
  }
  const pieces: string[] = [];
  let from = 0;
  while (pieces.length < most - 1) {
    const at = text.indexOf(separator, from);
    if (at < 0) break;
    if (pieces.length >= MAX_LIST_LENGTH) return LIST_TOO_LONG;
    pieces.push(text.slice(from, at));
    from = at + separator.length;
  }
  pieces.push(text.slice(from));
  return pieces;
}

/** The pieces between which `replace("", …)` puts its text: before each character and behind the last. */
function gaps(text: string, times: number): string[] {
  const points = Array.from(text);
  const kept = ["", ...points, ""];
  return kept.length - 1 <= times ? kept : [...kept.slice(0, times), kept.slice(times).join("")];
}

const BEYOND_BMP = /[\ud800-\udbff]/;

function lengthOf(text: string): number {
  return pointsOf(text).length;
}

/** What can be sliced and counted by code points: mostly the text itself. */
function pointsOf(text: string): string | string[] {
  return BEYOND_BMP.test(text) ? Array.from(text) : text;
}
