/**
 * The rule as the form sees it: JSON that may be unfinished, or hold what the form does not know. Nothing here throws or
 * drops what it does not understand.
 */
export type Part = Readonly<Record<string, unknown>>;
export type RuleDocument = Part;

export type ListKey = "triggers" | "conditions" | "actions";

/** A part of a list; what is no map is shown as it is and kept. */
export function partsOf(document: RuleDocument, list: ListKey): readonly unknown[] {
  const value = document[list];
  return Array.isArray(value) ? value : [];
}

export function isPart(value: unknown): value is Part {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
  "conditions.state": [],
  "conditions.numeric": [],
  "conditions.time": [],
  "actions.set": ["value"],
  "actions.delay": [],
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
  const known = [kind, ...(KNOWN[`${list}.${kind}`] ?? [])];
  if (!Object.keys(part).every((key) => known.includes(key))) return undefined;
  return hasShape(list, kind, part[kind]) ? kind : undefined;
}

/** A trigger's time is a text, a condition's a window; the rest is a map, or a text for actions. */
function hasShape(list: ListKey, kind: PartKind, inner: unknown): boolean {
  if (list === "actions" || (list === "triggers" && kind === "time")) return typeof inner === "string";
  return isPart(inner);
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

/** Sets a key, or removes it for `undefined`; the order of the others stays. */
export function withKey(part: Part, key: string, value: unknown): Part {
  if (value !== undefined) return { ...part, [key]: value };
  const { [key]: _gone, ...rest } = part;
  return rest;
}

/** Changes a key inside the map at `key`. */
export function withInner(part: Part, key: string, inner: string, value: unknown): Part {
  const map = part[key];
  return { ...part, [key]: withKey(isPart(map) ? map : {}, inner, value) };
}

export function withList(document: RuleDocument, list: ListKey, parts: readonly unknown[]): RuleDocument {
  // A rule without conditions need not say so.
  if (list === "conditions" && parts.length === 0) return withKey(document, list, undefined);
  if (Object.hasOwn(document, list) || list !== "conditions") return { ...document, [list]: parts };
  // Conditions stand between what starts a rule and what it does.
  const entries = Object.entries(document);
  const at = entries.findIndex(([key]) => key === "actions");
  return Object.fromEntries(entries.toSpliced(at < 0 ? entries.length : at, 0, [list, parts]));
}

/** Moves an item by one place; the list itself where that is not possible. */
export function moved<Item>(items: readonly Item[], index: number, by: -1 | 1): readonly Item[] {
  const to = index + by;
  const item = items[index];
  if (item === undefined || to < 0 || to >= items.length) return items;
  return items.toSpliced(index, 1).toSpliced(to, 0, item);
}

export const EMPTY_RULE: RuleDocument = { id: "", title: "", triggers: [], actions: [] };
