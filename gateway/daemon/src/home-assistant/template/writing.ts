import { entriesOf, isList, isMap, kindOf, type TemplateValue } from "./kinds.ts";
import { ITEM, TEMPLATE_LIMITS, TemplateError, work } from "./limits.ts";

/** A text that comes about: bounded with each piece, for a list may hold itself many times over. */
export class Draft {
  #text = "";

  get text(): string {
    return this.#text;
  }

  /** @throws {TemplateError} when the text is longer than a template may make one. */
  add(piece: string): void {
    work(ITEM + piece.length);
    this.#text = bounded(this.#text + piece);
  }
}

/** @throws {TemplateError} when the text is longer than a template may make one. */
export function bounded(text: string): string {
  if (text.length <= TEMPLATE_LIMITS.text) return text;
  throw new TemplateError(`a text would be longer than ${TEMPLATE_LIMITS.text} characters`);
}

/** As Jinja prints it; a text in a list is quoted, as Python does. */
export function textOf(value: TemplateValue, nested = false): string {
  if (typeof value === "string" && !nested) return value;
  const draft = new Draft();
  write(draft, value, TEMPLATE_LIMITS.depth);
  return draft.text;
}

/** The beginning of it, for people. */
export function shown(value: TemplateValue): string {
  const text = textOf(value, true) || kindOf(value);
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}

export function jsonOf(value: TemplateValue): string {
  // Python's text is about as long: it tells what would be too long, or nests too deep.
  work(textOf(value, true).length);
  return bounded(JSON.stringify(plain(value)) ?? "null");
}

function plain(value: TemplateValue): unknown {
  if (isMap(value)) return Object.fromEntries([...value].map(([key, item]) => [textOf(key), plain(item)]));
  return isList(value) ? value.map(plain) : value;
}

function write(draft: Draft, value: TemplateValue, levels: number): void {
  if (typeof value !== "object" || value === null) {
    draft.add(wordOf(value));
    return;
  }
  if (levels === 0) throw new TemplateError("a value is nested too deep");
  const list = isList(value);
  draft.add(list ? "[" : "{");
  let between = "";
  for (const [key, item] of list ? value.entries() : entriesOf(value)) {
    draft.add(between);
    between = ", ";
    if (!list) {
      write(draft, key, levels - 1);
      draft.add(": ");
    }
    write(draft, item, levels - 1);
  }
  draft.add(list ? "]" : "}");
}

function wordOf(value: undefined | null | boolean | number | string): string {
  if (value === undefined) return "";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? quoted(value) : String(value);
}

function quoted(text: string): string {
  return text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", "\\'")}'`;
}
