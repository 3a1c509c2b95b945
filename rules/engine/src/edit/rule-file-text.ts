import { type Json, jsonEqual } from "@tram/protocol";
import { Document, isMap, isSeq } from "yaml";
import { MAX_FILE_LENGTH, readYaml, type YamlContent } from "../parse-file.ts";
import { cutOut, indented, type RuleRegion, ruleRegions } from "./rule-regions.ts";

/**
 * Changes one rule in the text of its file and leaves the rest as it was, byte for byte. The text of a rule is a YAML
 * map at the left edge, without the dash of the list.
 */
export type TextResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

type Parsed = Extract<YamlContent, { ok: true }>;

/** Lines are not folded: a long text stays on the line where its author wrote it. */
const WRITE = { lineWidth: 0 } as const;

/** The text of the rule with this id; the first where several claim it. */
export function ruleTextOf(fileText: string, id: string): TextResult {
  const found = locate(fileText, id);
  if (!found.ok) return found;
  const { parsed, index, region } = found;
  const cut = region === undefined ? undefined : cutOut(fileText, region);
  const text = cut === undefined ? undefined : endLine(cut);
  if (text !== undefined && sameContent(text, itemOf(parsed, index))) return { ok: true, text };
  // A flow list, or a value that another rule shares by an alias: written anew, on its own.
  return { ok: true, text: new Document(itemOf(parsed, index)).toString(WRITE) };
}

/** Puts `ruleText` in the place of the rule `id`. It may name another id, unless the file has that one already. */
export function replaceRule(fileText: string, id: string, ruleText: string): TextResult {
  const found = locate(fileText, id);
  if (!found.ok) return found;
  const { parsed, index, region } = found;
  const wanted = readRule(ruleText);
  if (!wanted.ok) return wanted;
  const items = [...itemsOf(parsed)];
  items[index] = wanted.value;
  const newline = fileText.includes("\r\n") ? "\r\n" : "\n";
  if (region !== undefined) {
    const body = endLine(indented(wanted.text, region.indent));
    const spliced =
      fileText.slice(0, region.content) + withNewlines(body, newline) + fileText.slice(region.end);
    if (sameContent(spliced, items)) return bounded(spliced);
  }
  return rewritten(parsed, items, (list) => {
    list.items[index] = wanted.document.contents;
  });
}

/** Adds a rule at the end of a file, which may be empty. */
export function addRule(fileText: string, ruleText: string): TextResult {
  const wanted = readRule(ruleText);
  if (!wanted.ok) return wanted;
  const parsed = readFile(fileText);
  if (!parsed.ok) return parsed;
  const items = [...itemsOf(parsed.parsed), wanted.value];
  const newline = fileText.includes("\r\n") ? "\r\n" : "\n";
  const last = ruleRegions(fileText, parsed.parsed.document).at(-1);
  const column = last === undefined ? 0 : fileText.indexOf("-", last.start) - last.start;
  const item = `${" ".repeat(column)}- ${indented(endLine(wanted.text), column + 2)}`;
  const before = fileText === "" || fileText.endsWith("\n") ? fileText : `${fileText}${newline}`;
  const gap = items.length > 1 ? newline : "";
  const spliced = before + gap + withNewlines(item, newline);
  if (sameContent(spliced, items)) return bounded(spliced);
  return rewritten(parsed.parsed, items, (list) => {
    list.items.push(wanted.document.contents);
  });
}

/** Takes a rule out of its file, with the comment that stands right above it. */
export function removeRule(fileText: string, id: string): TextResult {
  const found = locate(fileText, id);
  if (!found.ok) return found;
  const { parsed, index, region } = found;
  const items = itemsOf(parsed).filter((_item, at) => at !== index);
  if (region !== undefined) {
    const spliced = fileText.slice(0, commentAbove(fileText, region.start)) + fileText.slice(region.end);
    if (sameContent(spliced, items.length === 0 ? null : items)) return { ok: true, text: spliced };
  }
  return rewritten(parsed, items, (list) => {
    list.items.splice(index, 1);
  });
}

/**
 * Begin of the comment lines right above a rule. Those at the top of the file are about the file, and stay.
 */
function commentAbove(text: string, start: number): number {
  let begin = start;
  while (begin > 0) {
    const above = text.lastIndexOf("\n", begin - 2) + 1;
    const line = text.slice(above, begin);
    if (!/^ *#/.test(line)) return begin;
    begin = above;
  }
  return start;
}

type Located =
  | {
      readonly ok: true;
      readonly parsed: Parsed;
      readonly index: number;
      readonly region: RuleRegion | undefined;
    }
  | { readonly ok: false; readonly problem: string };

function locate(fileText: string, id: string): Located {
  const file = readFile(fileText);
  if (!file.ok) return file;
  const { parsed } = file;
  const index = itemsOf(parsed).findIndex(
    (item) => typeof item === "object" && item !== null && "id" in item && item.id === id,
  );
  if (index < 0) return { ok: false, problem: `expected a rule "${id}" in the file, found none` };
  return { ok: true, parsed, index, region: ruleRegions(fileText, parsed.document)[index] };
}

function readFile(
  text: string,
): { readonly ok: true; readonly parsed: Parsed } | { readonly ok: false; readonly problem: string } {
  if (text.length > MAX_FILE_LENGTH) return tooLong(text.length);
  const parsed = readYaml(text, { keepSourceTokens: true });
  if (!parsed.ok) return { ok: false, problem: `the file cannot be read: ${parsed.problems[0]}` };
  const { value } = parsed;
  if (value !== null && value !== undefined && !Array.isArray(value)) {
    return { ok: false, problem: "expected the file to be a list of rules" };
  }
  return { ok: true, parsed };
}

type RuleRead =
  | { readonly ok: true; readonly text: string; readonly value: unknown; readonly document: Document }
  | { readonly ok: false; readonly problem: string };

function readRule(ruleText: string): RuleRead {
  const text = ruleText.replaceAll("\r\n", "\n");
  const parsed = readYaml(text);
  if (!parsed.ok) return { ok: false, problem: parsed.problems[0] ?? "expected YAML" };
  if (!isMap(parsed.document.contents))
    return { ok: false, problem: "expected a map that begins with `id:`" };
  return { ok: true, text, value: parsed.value, document: parsed.document };
}

/** The way for files that are not lists of lines: their text is made anew, comments are kept. */
function rewritten(
  parsed: Parsed,
  items: readonly unknown[],
  change: (list: { items: unknown[] }) => void,
): TextResult {
  const { document } = parsed;
  if (!isSeq(document.contents)) document.contents = document.createNode([]) as never;
  change(document.contents as unknown as { items: unknown[] });
  const text = write(document);
  if (text !== undefined && sameContent(text, items)) return bounded(text);
  return { ok: false, problem: "this rule shares values (&anchor, *alias) with another one: edit the file" };
}

/** `undefined` for a document that lost an anchor which something in it still names. */
function write(document: Document): string | undefined {
  try {
    return document.toString(WRITE);
  } catch {
    return undefined; // The one thing that `yaml` throws for here; told by the caller.
  }
}

function sameContent(text: string, expected: unknown): boolean {
  const read = readYaml(text);
  return read.ok && jsonEqual((read.value ?? null) as Json, expected as Json);
}

function itemsOf(parsed: Parsed): readonly unknown[] {
  return Array.isArray(parsed.value) ? parsed.value : [];
}

function itemOf(parsed: Parsed, index: number): unknown {
  return itemsOf(parsed)[index];
}

function bounded(text: string): TextResult {
  return text.length > MAX_FILE_LENGTH ? tooLong(text.length) : { ok: true, text };
}

function tooLong(length: number): { readonly ok: false; readonly problem: string } {
  return {
    ok: false,
    problem: `the file would have ${length} characters, expected at most ${MAX_FILE_LENGTH}`,
  };
}

function endLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

function withNewlines(text: string, newline: string): string {
  return newline === "\n" ? text : text.replaceAll("\n", newline);
}
