import { isPart, joinPath, type Part, valueAt } from "./document.ts";
import { type FieldSpec, type FieldType, KINDS, type KindSpec, type Role } from "./part-specs.ts";

/** How the form sees a part: its kind, and a field for everything that stands in it. */

export function kindOf(role: Role, part: unknown): string | undefined {
  if (!isPart(part)) return undefined;
  return Object.keys(KINDS[role]).find((kind) => Object.hasOwn(part, kind));
}

export function specOf(role: Role, kind: string): KindSpec {
  const spec = KINDS[role][kind];
  if (spec === undefined) throw new Error(`no kind ${kind} of ${role}`);
  return spec;
}

export interface ShownField extends Omit<FieldSpec, "label"> {
  /** Absent for what the form has no name for: its key stands there. */
  readonly label?: FieldSpec["label"];
  readonly value: unknown;
}

/**
 * The fields for a map, in the order of the table; what stands there and has no field, or cannot be shown by it, is a field
 * of YAML. Together they say all that is written: nothing is hidden.
 * @param besides keys that are shown elsewhere.
 */
export function fieldsOf(
  part: Part,
  specs: readonly FieldSpec[],
  besides: readonly string[] = [],
): readonly ShownField[] {
  const fields = specs.flatMap((spec): ShownField[] => {
    if (blocked(part, spec.at)) return [];
    const value = valueAt(part, spec.at);
    if (spec.rare === true && value === undefined) return [];
    // What chooses between fields shows no value of its own.
    if (spec.type === "how") return isPart(value) ? [{ ...spec, value }] : [];
    return [suits(spec, value) ? { ...spec, value } : { ...spec, type: "raw", value }];
  });
  const left = leftovers(part, specs, "").filter((at) => !besides.includes(at));
  return [...fields, ...left.map((at): ShownField => ({ at, type: "raw", value: valueAt(part, at) }))];
}

/** Whether something that is no map stands in the way. */
function blocked(part: Part, at: string): boolean {
  const steps = at.split(".");
  return steps.slice(0, -1).some((_step, index) => {
    const value = valueAt(part, steps.slice(0, index + 1).join("."));
    return value !== undefined && !isPart(value);
  });
}

function leftovers(map: Part, specs: readonly FieldSpec[], path: string): readonly string[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const at = joinPath(path, key);
    if (specs.some((spec) => spec.at === at && spec.type !== "how")) return [];
    const below = specs.some((spec) => spec.at.startsWith(`${at}.`));
    if (!below || !isPart(value)) return [at];
    // An empty map of a kind is the kind itself; further inside it is something that was written.
    if (Object.keys(value).length === 0) return path === "" ? [] : [at];
    return leftovers(value, specs, at);
  });
}

const isText = (value: unknown): value is string => typeof value === "string";
const isScalar = (value: unknown): boolean => typeof value !== "object";
const isListOf = (value: unknown, of: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(of);
const hasOnly = (value: unknown, keys: readonly string[]): value is Part =>
  isPart(value) && Object.entries(value).every(([key, item]) => keys.includes(key) && isText(item));
const isParts = (value: unknown): boolean => Array.isArray(value);

const SUITS: Readonly<Record<Exclude<FieldType, "how">, (value: unknown, spec: FieldSpec) => boolean>> = {
  properties: (value, { single }) =>
    isText(value) ||
    (single !== true && (isListOf(value, isText) || hasOnly(value, ["property", "area", "tag"]))),
  things: (value, { single }) =>
    isText(value) || (single !== true && (isListOf(value, isText) || hasOnly(value, ["area", "tag"]))),
  rules: (value, { single }) =>
    isText(value) ||
    (single !== true && (isListOf(value, isText) || (hasOnly(value, ["group"]) && isText(value.group)))),
  value: () => true,
  any: () => true,
  raw: () => true,
  values: (value) => isScalar(value) || isListOf(value, isScalar),
  text: isText,
  code: isText,
  webhook: isText,
  time: isText,
  choice: isScalar,
  number: (value) => typeof value === "number" || isText(value),
  pattern: (value) => typeof value === "number" || isText(value),
  duration: isText,
  wait: isText,
  offset: isText,
  flag: (value) => typeof value === "boolean",
  choices: (value) => isText(value) || isListOf(value, isText),
  words: (value) => isText(value) || isListOf(value, (item) => isText(item) && !/,|^\s|\s$|^$/.test(item)),
  times: (value) =>
    isText(value) ||
    (isPart(value) &&
      Object.keys(value).every((key) => key === "at" || key === "weekdays") &&
      (isText(value.at) || isListOf(value.at, isText)) &&
      (value.weekdays === undefined || isListOf(value.weekdays, isText))),
  week: (value) =>
    isPart(value) &&
    Object.entries(value).every(
      ([day, windows]) => WEEK_DAYS.includes(day) && Array.isArray(windows) && windows.every(isText),
    ),
  missed: (value) => isText(value) || (hasOnly(value, ["catch_up"]) && isText(value.catch_up)),
  triggers: isParts,
  conditions: isParts,
  actions: isParts,
  condition: isPart,
  branches: (value) =>
    isListOf(
      value,
      (branch) =>
        isPart(branch) &&
        Object.entries(branch).every(
          ([key, item]) => (key === "when" || key === "do") && Array.isArray(item),
        ),
    ),
  blocks: (value) => isListOf(value, Array.isArray),
};

/** The rows of a weekly table. */
export const WEEK_DAYS: readonly string[] = [
  ...["daily", "weekdays", "weekend"],
  ...["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
];

function suits(spec: FieldSpec, value: unknown): boolean {
  if (value === undefined || spec.type === "how") return true;
  return SUITS[spec.type](value, spec);
}

/** Whether a text holds a formula rather than the value itself. */
export function isTemplate(value: unknown): value is string {
  return typeof value === "string" && value.includes("${");
}

/** What a signed duration says: `-30m` is 30 minutes before. */
export function readOffset(value: unknown): { readonly before: boolean; readonly duration: string } {
  const text = typeof value === "string" ? value : "";
  return text.startsWith("-") ? { before: true, duration: text.slice(1) } : { before: false, duration: text };
}

/** @returns the windows of each day of the week in minutes of it, those of the rows for several days included. */
export function effectiveWeek(week: Part): Readonly<Record<string, readonly (readonly [number, number])[]>> {
  const days = WEEK_DAYS.slice(3);
  const found: Record<string, [number, number][]> = Object.fromEntries(days.map((day) => [day, []]));
  days.forEach((day, index) => {
    const rows = ["daily", index < 5 ? "weekdays" : "weekend", day];
    for (const window of rows.flatMap((row) => (Array.isArray(week[row]) ? week[row] : []))) {
      const read = readWindow(window);
      if (read === undefined) continue;
      const from = minuteOf(read.from);
      const to = minuteOf(read.to) === 0 ? 1_440 : minuteOf(read.to);
      if (from < to) found[day]?.push([from, to]);
      else {
        found[day]?.push([from, 1_440]);
        found[days[(index + 1) % 7] ?? ""]?.push([0, to]);
      }
    }
  });
  return found;
}

export function readWindow(window: unknown): { readonly from: string; readonly to: string } | undefined {
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(typeof window === "string" ? window : "") ?? [];
  return from === undefined || to === undefined ? undefined : { from, to };
}

function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return (hours * 60 + minutes) % 1_440;
}
