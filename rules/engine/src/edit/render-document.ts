import { type Json, jsonEqual } from "@tram/protocol";
import {
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { readYaml } from "../parse-file.ts";
import { shapeProblems } from "../shape-check.ts";
import type { TextResult } from "./rule-file-text.ts";

/** Beyond this many comparisons lists are matched by place; a rule's own lists stay below. */
const MAX_COMPARISONS = 100_000;
const WRITE = { lineWidth: 0 } as const;

type JsonMap = { readonly [key: string]: Json };

/**
 * Brings a rule's document into its text. Keys whose value did not change keep their lines as they stand; inside a
 * changed one, what did not change keeps its comments, order and spelling.
 * @param document any JSON map: an unfinished rule of a form too.
 * @returns the text, which says exactly `document`; or why the old text cannot be used.
 */
export function renderDocument(text: string, document: unknown): TextResult {
  const shape = shapeProblems({}, document);
  if (shape.length > 0) return { ok: false, problem: shape[0]?.problem ?? "expected JSON" };
  if (!isJsonMap(document)) return { ok: false, problem: "expected the document to be a map" };
  const normal = text.replaceAll("\r\n", "\n");
  const read = readYaml(normal);
  if (!read.ok) return { ok: false, problem: read.problems[0] ?? "expected YAML" };
  if (read.value === null || read.value === undefined) {
    return {
      ok: true,
      text: normal.trim() === "" ? write(document) : `${normal.trimEnd()}\n${write(document)}`,
    };
  }
  const map = read.document.contents;
  if (!isMap(map)) return { ok: false, problem: "expected a map that begins with `id:`" };
  if (jsonEqual(read.value as Json, document)) return { ok: true, text };
  const kept = keptSections(normal, map, read.value as JsonMap, document);
  mergeMap(map, document, read.document);
  const merged = kept === undefined ? read.document.toString(WRITE) : assemble(map, kept, normal);
  // Anchors and aliases can make a part mean something else: then the document is worth more than the comments.
  const again = readYaml(merged);
  const same = again.ok && jsonEqual(again.value as Json, document);
  return { ok: true, text: same ? merged : write(document) };
}

function write(document: JsonMap): string {
  const fresh = new Document(document);
  for (const key of ["triggers", "conditions", "actions"]) {
    const list = fresh.get(key);
    // One part a line reads best while it is short: `- { set: fan/fan/on, value: true }`.
    if (isSeq(list)) for (const item of list.items) flowWhereShort(item as Node);
  }
  return fresh.toString(WRITE);
}

const SHORT = 90;

function flowWhereShort(node: Node): void {
  if (!isMap(node)) return;
  const text = JSON.stringify(node.toJSON());
  if (text.length <= SHORT) node.flow = true;
}

/**
 * The lines of each top-level key that stays the same, with the comments above it.
 * @returns `undefined` when the map is not one of lines (a flow map, anchors).
 */
function keptSections(
  text: string,
  map: YAMLMap,
  before: JsonMap,
  after: JsonMap,
): ReadonlyMap<string, string> | undefined {
  if (map.flow === true || /[&*]/.test(text.replace(/"[^"\n]*"|'[^'\n]*'|#.*$/gm, ""))) return undefined;
  const starts = map.items.map((pair) => startOf(text, pair as Pair<Node>));
  const sections = new Map<string, string>();
  // What stands at the end is about the rule, and stays there when another key becomes the last.
  const whole = text.length - remarksAfter(text).length;
  for (const [index, pair] of map.items.entries()) {
    const key = keyOf(pair as Pair);
    const start = starts[index];
    const end = index + 1 < starts.length ? starts[index + 1] : whole;
    if (key === undefined || start === undefined || end === undefined) return undefined;
    if (jsonEqual(before[key], after[key])) sections.set(key, text.slice(index === 0 ? 0 : start, end));
  }
  return sections;
}

/** Begin of a key's line, or of the comments and blank lines above it. */
function startOf(text: string, pair: Pair<Node>): number | undefined {
  const range = pair.key.range;
  if (!range) return undefined;
  let start = text.lastIndexOf("\n", range[0] - 1) + 1;
  if (start !== range[0]) return undefined;
  while (start > 0) {
    const above = text.lastIndexOf("\n", start - 2) + 1;
    if (!isRemark(text.slice(above, start - 1))) return start;
    start = above;
  }
  return start;
}

/** Kept lines where there are some, the rest written anew, in the order of the map. */
function assemble(map: YAMLMap, kept: ReadonlyMap<string, string>, text: string): string {
  const head = remarksBefore(text);
  let written = "";
  for (const pair of map.items) {
    const key = keyOf(pair as Pair);
    const section = key === undefined ? undefined : kept.get(key);
    if (section !== undefined) written += section.endsWith("\n") ? section : `${section}\n`;
    else {
      const alone = new Document({});
      (alone.contents as unknown as YAMLMap).items.push(pair as never);
      const fresh = alone.toString(WRITE);
      // The comment above the first key stands at the document, not at the key.
      written += written === "" && head !== "" && !fresh.startsWith("#") ? head + fresh : fresh;
    }
  }
  return written + remarksAfter(text);
}

/** A blank line, or a comment at the left edge: it belongs to no key. */
function isRemark(line: string): boolean {
  return line.startsWith("#") || line.trim() === "";
}

/** The remarks before the first key. */
function remarksBefore(text: string): string {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => !isRemark(line));
  return first <= 0 ? "" : `${lines.slice(0, first).join("\n")}\n`;
}

/** The remarks behind the last key. */
function remarksAfter(text: string): string {
  const lines = text.split("\n");
  const last = lines.findLastIndex((line) => !isRemark(line));
  const remarks = lines.slice(last + 1);
  return remarks.some((line) => line !== "") ? remarks.join("\n") : "";
}

function mergeMap(map: YAMLMap, wanted: JsonMap, document: Document): void {
  map.items = map.items.filter((pair) => {
    const key = keyOf(pair as Pair);
    return key !== undefined && Object.hasOwn(wanted, key);
  }) as typeof map.items;
  let place = 0;
  for (const [key, value] of Object.entries(wanted)) {
    const at = map.items.findIndex((pair) => keyOf(pair as Pair) === key);
    if (at < 0) {
      map.items.splice(place, 0, document.createPair(key, value) as never);
      place++;
      continue;
    }
    const pair = map.items[at] as Pair;
    pair.value = merged(pair.value as Node | null, value, document);
    place = at + 1;
  }
}

function merged(node: Node | null, value: Json, document: Document): Node {
  if (node !== null && jsonEqual(plain(node, document), value)) return node;
  if (isMap(node) && isJsonMap(value)) {
    mergeMap(node, value, document);
    return node;
  }
  if (isSeq(node) && Array.isArray(value)) {
    mergeList(node, value, document);
    return node;
  }
  if (isScalar(node) && (typeof value !== "object" || value === null)) {
    // The quotes of an empty text were not the author's choice.
    if (node.value === "") delete node.type;
    node.value = value;
    delete node.source;
    return node;
  }
  const fresh = document.createNode(value) as Node;
  flowWhereShort(fresh);
  return fresh;
}

/** Items that stay keep their nodes; those in between are matched in their order, and merged. */
function mergeList(list: YAMLSeq, wanted: readonly Json[], document: Document): void {
  const nodes = list.items as Node[];
  // `[]` is how an empty list is written; what comes into it stands one part a line.
  if (nodes.length === 0) list.flow = false;
  if (nodes.length * wanted.length > MAX_COMPARISONS) {
    list.items = wanted.map((value, index) => merged(nodes[index] ?? null, value, document));
    return;
  }
  const old = nodes.map((node) => plain(node, document));
  const partners = match(old, wanted);
  const free = new Set(nodes.keys());
  for (const partner of partners) if (partner !== undefined) free.delete(partner);
  const takeMoved = (value: Json): number | undefined => {
    for (const index of free) if (jsonEqual(old[index], value)) return index;
    return undefined;
  };
  const moved = wanted.map((value, index) => {
    if (partners[index] !== undefined) return partners[index];
    const found = takeMoved(value);
    if (found !== undefined) free.delete(found);
    return found;
  });
  list.items = wanted.map((value, index) => {
    const same = moved[index];
    if (same !== undefined) return nodes[same];
    const similar = nearest(free, old, value, boundsOf(moved, index, nodes.length));
    if (similar === undefined) return merged(null, value, document);
    free.delete(similar);
    return merged(nodes[similar] ?? null, value, document);
  });
}

/** The old indices between the neighbours that stay. */
function boundsOf(
  partners: readonly (number | undefined)[],
  index: number,
  length: number,
): { readonly from: number; readonly to: number } {
  const before = partners.slice(0, index).findLast((partner) => partner !== undefined);
  const after = partners.slice(index + 1).find((partner) => partner !== undefined);
  return { from: (before ?? -1) + 1, to: after ?? length };
}

/** An old item between the same neighbours that is of the same kind: it has the same first key. */
function nearest(
  free: ReadonlySet<number>,
  old: readonly Json[],
  value: Json,
  { from, to }: { from: number; to: number },
): number | undefined {
  for (const index of free) {
    if (index >= from && index < to && kindOf(old[index]) === kindOf(value)) return index;
  }
  return undefined;
}

function kindOf(value: Json | undefined): string {
  if (!isJsonMap(value)) return Array.isArray(value) ? "list" : "scalar";
  const keys = Object.keys(value).filter((key) => key !== "id" && key !== "for");
  return keys[0] ?? "empty";
}

/** For each wanted item the index of the equal old one that a longest common subsequence pairs it with. */
function match(old: readonly Json[], wanted: readonly Json[]): (number | undefined)[] {
  const same = wanted.map((value) => old.map((item) => jsonEqual(item, value)));
  const best: number[][] = Array.from({ length: wanted.length + 1 }, () =>
    new Array<number>(old.length + 1).fill(0),
  );
  const at = (i: number, j: number): number => best[i]?.[j] ?? 0;
  for (let i = wanted.length - 1; i >= 0; i--) {
    for (let j = old.length - 1; j >= 0; j--) {
      const row = best[i];
      if (row === undefined) continue;
      row[j] = same[i]?.[j] === true ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const partners = new Array<number | undefined>(wanted.length).fill(undefined);
  let i = 0;
  let j = 0;
  while (i < wanted.length && j < old.length) {
    if (same[i]?.[j] === true) partners[i++] = j++;
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return partners;
}

function plain(node: Node, document: Document): Json {
  return (isAlias(node) ? node.resolve(document)?.toJSON() : node.toJSON()) as Json;
}

function keyOf(pair: Pair): string | undefined {
  const { key } = pair;
  if (typeof key === "string") return key;
  return isScalar(key) && typeof key.value === "string" ? key.value : undefined;
}

function isJsonMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
