import type { MappedProperty, TopicMapping, UnclaimedTopicView } from "@tram/protocol";

/** A property while it is edited: its key may be anything, and two may have the same. */
export interface DraftRow {
  /** Stays while the key changes. */
  readonly row: number;
  readonly key: string;
  readonly property: MappedProperty;
}

/** A mapping while it is edited. What the form does not show stays as it is. */
export interface MappingDraft {
  readonly mapping: Omit<TopicMapping, "properties">;
  readonly rows: readonly DraftRow[];
  readonly nextRow: number;
}

export function draftOf({ properties, ...mapping }: TopicMapping): MappingDraft {
  const rows = Object.entries(properties).map(([key, property], row) => ({ row, key, property }));
  return { mapping, rows, nextRow: rows.length };
}

/** A mapping of a topic that nobody has; without one an empty mapping. */
export function newDraft(heard?: UnclaimedTopicView): MappingDraft {
  const types = {
    number: "number",
    boolean: "boolean",
    text: "string",
    object: undefined,
    other: undefined,
  } as const;
  const type = heard === undefined ? undefined : types[heard.kind];
  const property: MappedProperty = { ...(type && { type }), read: { topic: heard?.topic ?? "" } };
  return { mapping: { id: "" }, rows: [{ row: 0, key: "", property }], nextRow: 1 };
}

export function mappingOf({ mapping, rows }: MappingDraft): TopicMapping {
  return {
    ...mapping,
    properties: Object.fromEntries(rows.map(({ key, property }) => [key.trim(), property])),
  };
}

export function withRow(draft: MappingDraft, row: number, change: Partial<DraftRow>): MappingDraft {
  const rows = draft.rows.map((each) => (each.row === row ? { ...each, ...change } : each));
  return { ...draft, rows };
}

export function withoutRow(draft: MappingDraft, row: number): MappingDraft {
  return { ...draft, rows: draft.rows.filter((each) => each.row !== row) };
}

export function withNewRow(draft: MappingDraft): MappingDraft {
  const row = { row: draft.nextRow, key: "", property: { read: { topic: "" } } };
  return { ...draft, rows: [...draft.rows, row], nextRow: draft.nextRow + 1 };
}

/** Whether the property is one of two words. */
export function isFlag({ type, words }: MappedProperty): boolean {
  if (type !== undefined) return type === "boolean";
  return Object.values(words ?? {}).some((value) => typeof value === "boolean");
}

export function wordFor({ words = {} }: MappedProperty, value: boolean): string {
  return Object.entries(words).find(([, meant]) => meant === value)?.[0] ?? "";
}

/** Says true or false by another word; an empty one is none. */
export function withWord(property: MappedProperty, value: boolean, word: string): MappedProperty {
  const others = Object.entries(property.words ?? {}).filter(([, meant]) => meant !== value);
  const words = Object.fromEntries(word === "" ? others : [...others, [word, value]]);
  const { words: _before, ...rest } = property;
  return Object.keys(words).length === 0 ? rest : { ...rest, words };
}

/** Sets where a property is read; nowhere without a topic. */
export function withReadTopic(property: MappedProperty, topic: string): MappedProperty {
  const { read, ...rest } = property;
  return topic === "" ? rest : { ...rest, read: { ...read, topic } };
}

/** Sets where it is in the payload; everywhere without a path. */
export function withPath(property: MappedProperty, path: string): MappedProperty {
  if (property.read === undefined) return property;
  const { path: _before, ...read } = property.read;
  return { ...property, read: path === "" ? read : { ...read, path } };
}

/** Sets where it is commanded; nowhere without a topic. */
export function withCommandTopic(property: MappedProperty, topic: string): MappedProperty {
  const { write, ...rest } = property;
  return topic === "" ? rest : { ...rest, write: { ...write, topic } };
}

/** As Homie writes ids, and two of them. */
const ID = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

export type DraftProblem = "missing" | "badId" | "badKey" | "sameKey";

/** What is wrong with a draft before the gateway is asked, by its place in the form. */
export function faultsOf({
  mapping,
  rows,
}: MappingDraft): readonly (readonly [path: string, why: DraftProblem])[] {
  const found: (readonly [string, DraftProblem])[] = [];
  if (mapping.id === "") found.push(["id", "missing"]);
  else if (!ID.test(mapping.id)) found.push(["id", "badId"]);
  const keys = new Set<string>();
  for (const { key: typed, row } of rows) {
    const key = typed.trim();
    const levels = key.split("/");
    if (key === "") found.push([rowPath(row), "missing"]);
    else if (levels.length !== 2 || !levels.every((level) => ID.test(level)))
      found.push([rowPath(row), "badKey"]);
    else if (keys.has(key)) found.push([rowPath(row), "sameKey"]);
    keys.add(key);
  }
  return found;
}

/** Where problems of a row stand in the form, whatever its key is. */
export function rowPath(row: number): string {
  return `rows[${row}]`;
}

/** Problems of the gateway by their place in the form: those of a property move to its row. */
export function placed(
  errors: readonly { readonly path: string; readonly problem: string }[],
  { rows }: MappingDraft,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { path, problem } of errors) {
    const row = rows.find(({ key }) => {
      const place = `properties.${key.trim()}`;
      return path === place || path.startsWith(`${place}.`);
    });
    const rest = row === undefined ? path : path.slice(`properties.${row.key.trim()}`.length);
    found.set(row === undefined ? path : `${rowPath(row.row)}${rest}`, problem);
  }
  return found;
}
