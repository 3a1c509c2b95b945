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

/** The map at a key, or an empty one. */
export function innerOf(part: Part, key: string): Part {
  const inner = part[key];
  return isPart(inner) ? inner : {};
}

export type PartKind = "state" | "numeric" | "time" | "set" | "delay" | "notify";

const KINDS: Readonly<Record<ListKey, readonly PartKind[]>> = {
  triggers: ["state", "numeric", "time"],
  conditions: ["state", "numeric", "time"],
  actions: ["set", "delay", "notify"],
};

/** Keys that the form shows for each kind, besides the kind itself. A part with others is edited as text. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  "triggers.state": ["id", "for"],
  "triggers.numeric": ["id", "for"],
  "triggers.time": ["id"],
  "actions.set": ["value"],
  "actions.notify": ["level"],
};

export function kindsOf(list: ListKey): readonly PartKind[] {
  return KINDS[list];
}

/** What the form can show of a part; `undefined` for what only the text can say (`and`, `or`, `not`, newer kinds). */
export function kindOf(list: ListKey, part: unknown): PartKind | undefined {
  if (!isPart(part)) return undefined;
  const kind = KINDS[list].find((candidate) => Object.hasOwn(part, candidate));
  if (kind === undefined) return undefined;
  const besides = KNOWN[`${list}.${kind}`] ?? [];
  const fits = Object.entries(part).every(([key, value]) => {
    if (key === kind) return hasShape(list, kind, value);
    // Only a value that is set may be anything.
    return besides.includes(key) && (key === "value" || isScalar(value));
  });
  return fits ? kind : undefined;
}

/** A trigger's time is a text, a condition's a window; the rest is a map of single values, or a text for actions. */
function hasShape(list: ListKey, kind: PartKind, inner: unknown): boolean {
  if (list === "actions" || (list === "triggers" && kind === "time")) return typeof inner === "string";
  return (
    isPart(inner) &&
    Object.entries(inner).every(
      ([key, value]) =>
        isScalar(value) || (key === "weekdays" && Array.isArray(value) && value.every(isScalar)),
    )
  );
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

/** A part to begin with. */
export function newPart(list: ListKey, kind: PartKind): Part {
  switch (kind) {
    case "state":
      return list === "triggers" ? { state: { property: "" } } : { state: { property: "", is: true } };
    case "numeric":
      return { numeric: { property: "" } };
    case "time":
      return list === "triggers" ? { time: "07:00" } : { time: { after: "07:00", before: "22:00" } };
    case "set":
      return { set: "", value: true };
    case "delay":
      return { delay: "5m" };
    case "notify":
      return { notify: "" };
  }
}

/** Keys in the order in which rules are written; a new one finds its place by it. */
const ORDER = [
  ...["id", "title", "description", "enabled", "mode", "max", "triggers", "conditions", "actions"],
  ...["state", "numeric", "time", "for", "property", "from", "to", "is", "above", "below"],
  ...["after", "before", "weekdays", "set", "value", "delay", "notify", "level"],
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

/** Changes a key inside the map at `key`. */
export function withInner(part: Part, key: string, inner: string, value: unknown): Part {
  return { ...part, [key]: withKey(innerOf(part, key), inner, value) };
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
  for (const [, index, key] of path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)) {
    if (index !== undefined) value = Array.isArray(value) ? value[Number(index)] : undefined;
    else value = isPart(value) && Object.hasOwn(value, key ?? "") ? value[key ?? ""] : undefined;
  }
  return value;
}

export const EMPTY_RULE: RuleDocument = { id: "", triggers: [], actions: [] };
