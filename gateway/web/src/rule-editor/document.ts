/**
 * The rule as the form sees it: JSON that may be unfinished, or hold what the form does not know. Nothing here throws or
 * drops what it does not understand.
 */
export type Part = Readonly<Record<string, unknown>>;
export type RuleDocument = Part;

export const LISTS = ["triggers", "conditions", "actions"] as const;
export type ListKey = (typeof LISTS)[number];

export function partsOf(document: RuleDocument, list: ListKey): readonly unknown[] {
  const value = document[list];
  return Array.isArray(value) ? value : [];
}

/** Whether parts can be put into a list without losing what stands there: somebody may have written a map. */
export function isListable(document: RuleDocument, list: ListKey): boolean {
  const value = document[list];
  return value === undefined || value === null || Array.isArray(value);
}

export function isPart(value: unknown): value is Part {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys in the order in which rules are written; a new one finds its place by it. */
const ORDER = [
  ...["id", "title", "description", "enabled", "group", "labels", "mode", "max", "on_missed"],
  ...["when_untrusted", "on_edit", "rate_limit", "variables", "triggers", "conditions", "actions"],
  ...["state", "numeric", "time", "sun", "schedule", "event", "on", "is", "of", "thing", "property"],
  ...["area", "tag", "from", "to", "above", "below", "hysteresis", "attribute", "after", "before"],
  ...["offset", "at", "weekdays", "week", "topic", "payload", "path", "set", "value", "delay", "notify"],
  ...["level", "publish", "qos", "retain", "http", "method", "headers", "body", "invoke", "input"],
  ...["confirm", "call", "with", "wait", "stop", "error", "if", "then", "choose", "when", "repeat"],
  ...["count", "while", "until", "for_each", "do", "else", "wait_for", "wait_until", "timeout"],
  ...["on_timeout", "response", "retry", "for"],
];

/** Sets a key, or removes it for `undefined`; the order of the others stays. */
export function withKey(part: Part, key: string, value: unknown): Part {
  if (value === undefined) {
    const { [key]: _gone, ...rest } = part;
    return rest;
  }
  if (Object.hasOwn(part, key)) return { ...part, [key]: value };
  const entries = Object.entries(part);
  const rank = ORDER.indexOf(key);
  const next = rank < 0 ? -1 : entries.findIndex(([other]) => ORDER.indexOf(other) > rank);
  return Object.fromEntries(entries.toSpliced(next < 0 ? entries.length : next, 0, [key, value]));
}

/**
 * Sets what stands at a path inside a part, such as `sun.after.event` or `then[1].set`; `undefined` removes it, and a map
 * that is left empty by that goes with it, except the outermost: that is the kind of the part.
 */
export function withPath(part: Part, path: string, value: unknown): Part {
  const changed = replaced(part, stepsOf(path), value, 0);
  return isPart(changed) ? changed : part;
}

function replaced(
  target: unknown,
  [step, ...more]: readonly (string | number)[],
  value: unknown,
  depth: number,
): unknown {
  if (step === undefined) return value;
  if (typeof step === "number") {
    const list: readonly unknown[] = Array.isArray(target) ? target : [];
    const item = replaced(list[step], more, value, 0);
    return item === undefined ? list.toSpliced(step, 1) : list.toSpliced(step, 1, item);
  }
  const map = isPart(target) ? target : {};
  const changed = withKey(map, step, replaced(map[step], more, value, depth + 1));
  return depth > 1 && Object.keys(changed).length === 0 ? undefined : changed;
}

/** The path of a key below another, written as the gateway writes it. */
export function joinPath(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** A path as keys and indices. */
function stepsOf(path: string): readonly (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(([, index, quoted, key]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (key ?? "") : String(JSON.parse(`"${quoted}"`));
  });
}

export function withList(document: RuleDocument, list: ListKey, parts: readonly unknown[]): RuleDocument {
  // A rule without conditions need not say so.
  return withKey(document, list, list === "conditions" && parts.length === 0 ? undefined : parts);
}

/** Moves an item by one place; the list itself where that is not possible. */
export function moved<Item>(items: readonly Item[], index: number, by: -1 | 1): readonly Item[] {
  const to = index + by;
  const item = items[index];
  if (item === undefined || to < 0 || to >= items.length) return items;
  return items.toSpliced(index, 1).toSpliced(to, 0, item);
}

/** What stands at a path such as `triggers[0].numeric.property`; `undefined` where nothing does. */
export function valueAt(document: RuleDocument, path: string): unknown {
  let value: unknown = document;
  for (const step of stepsOf(path)) {
    if (typeof step === "number") value = Array.isArray(value) ? value[step] : undefined;
    else value = isPart(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

export const EMPTY_RULE: RuleDocument = { id: "", triggers: [], actions: [] };
