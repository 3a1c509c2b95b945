import { type Document, isMap, isSeq, type YAMLMap, type YAMLSeq } from "yaml";

/** Where one rule stands in the text of its file. Offsets count from 0, `end` is exclusive. */
export interface RuleRegion {
  /** Begin of the line with the dash. */
  readonly start: number;
  /** Begin of the rule's first key, right of the dash. */
  readonly content: number;
  /** Behind the rule's last line, its newline included. Comments that stand by the next rule are not part of it. */
  readonly end: number;
  /** Column of the keys: what the other lines are indented by. */
  readonly indent: number;
}

/**
 * Finds the rules of a file that is written as a block list, as all but machine-made files are.
 * @returns one region for each item; `undefined` where an item cannot be cut out as lines (`[{ id: … }]`, tabs).
 */
export function ruleRegions(text: string, document: Document): readonly (RuleRegion | undefined)[] {
  const list = document.contents;
  if (!isSeq(list)) return [];
  const dashes = dashOffsets(list);
  return list.items.map((item, index) => {
    const dash = dashes[index];
    if (dash === undefined || !isMap(item) || (item as YAMLMap).flow === true || !item.range)
      return undefined;
    const start = text.lastIndexOf("\n", dash - 1) + 1;
    const content = item.range[0];
    const firstLine = text.lastIndexOf("\n", content - 1) + 1;
    const indent = content - firstLine;
    const column = dash - start;
    if (/[^ ]/.test(text.slice(start, dash)) || /[^ -]/.test(text.slice(firstLine, content)))
      return undefined;
    const next = dashes[index + 1];
    const limit = next === undefined ? text.length : text.lastIndexOf("\n", next - 1) + 1;
    return { start, content, indent, end: lastLineOf(text, { content, limit, column }) };
  });
}

/** Where the dashes of a block list stand; none for a flow list. */
function dashOffsets(list: YAMLSeq): readonly number[] {
  const token = list.srcToken;
  if (token?.type !== "block-seq") return [];
  return token.items.flatMap(({ start }) =>
    start.filter(({ type }) => type === "seq-item-ind").map(({ offset }) => offset),
  );
}

/** Blank lines, and comments that are not indented further than the dash, belong to what follows. */
function lastLineOf(
  text: string,
  { content, limit, column }: { content: number; limit: number; column: number },
): number {
  let end = limit;
  while (end > content) {
    const begin = text.lastIndexOf("\n", end - 2) + 1;
    if (begin <= content) return end;
    const line = text.slice(begin, end);
    const outside = /^\s*$/.test(line) || (/^ *#/.test(line) && line.search(/#/) <= column);
    if (!outside) return end;
    end = begin;
  }
  return end;
}

/**
 * Cuts a rule out as a text of its own: without the dash, moved to the left edge.
 * @returns `undefined` when one of its lines stands further left than its keys, which block YAML allows in places.
 */
export function cutOut(text: string, region: RuleRegion): string | undefined {
  const [first = "", ...rest] = text.slice(region.content, region.end).split("\n");
  const lines = [first];
  for (const line of rest) {
    const blank = line.trim() === "";
    if (!blank && line.search(/[^ ]/) < region.indent) {
      if (!/^ *#/.test(line)) return undefined;
      lines.push(line.trimStart());
    } else lines.push(blank ? line.slice(region.indent) : line.slice(region.indent));
  }
  return lines.join("\n");
}

/** Moves a rule's text to the right by `indent`, its first line excepted: that one stands behind the dash. */
export function indented(text: string, indent: number): string {
  const pad = " ".repeat(indent);
  return text
    .split("\n")
    .map((line, index) => (index === 0 || line.trim() === "" ? line : pad + line))
    .join("\n");
}
