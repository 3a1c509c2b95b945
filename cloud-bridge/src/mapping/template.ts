import type { CloudMessage } from "@tram/core";
import { isJsonObject, type Json } from "@tram/protocol";

/** What a topic may be made of. */
export const TOPIC_VARIABLES = ["gateway", "thing", "node", "property", "name"] as const;
/** What a payload may be made of. */
export const PAYLOAD_VARIABLES = [
  ...TOPIC_VARIABLES,
  "id",
  "time",
  "time_ms",
  "value",
  "quality",
  "class",
] as const;

/** Longest text, and most parts of a payload, that a template may have. */
export const TEMPLATE_LIMITS = { characters: 1_000, parts: 200, levels: 8 } as const;

export interface TemplateProblem {
  /** Of the part: `tags.unit`; empty for the template itself. */
  readonly path: string;
  readonly problem: string;
}

type Part = string | { readonly variable: string };
/** A text with the places of its variables. */
type Text = readonly Part[];
type Node =
  | { readonly kind: "text"; readonly text: Text }
  | { readonly kind: "constant"; readonly value: Json }
  | { readonly kind: "list"; readonly items: readonly Node[] }
  | { readonly kind: "object"; readonly members: readonly (readonly [string, Node])[] };

const VARIABLE = /\{([^{}]*)\}/g;

/** What is wrong with a topic. */
export function topicProblems(template: string): readonly TemplateProblem[] {
  const problems = textProblems(template, TOPIC_VARIABLES, "");
  if (problems.length > 0) return problems;
  if (/[+#\0]/.test(template)) return [{ path: "", problem: "expected a topic without +, # and NUL" }];
  if (template.startsWith("$") || template.startsWith("/") || template.endsWith("/")) {
    return [{ path: "", problem: "expected a topic that does not begin with $ or /, or end with /" }];
  }
  if (/\{(?:property|name)\}/.test(template)) return [];
  return [{ path: "", problem: "expected {property} or {name}: without it all values have one topic" }];
}

/** What is wrong with a payload. */
export function payloadProblems(template: Json): readonly TemplateProblem[] {
  const problems: TemplateProblem[] = [];
  let parts = 0;
  const look = (value: Json, path: string, level: number): void => {
    parts++;
    if (level > TEMPLATE_LIMITS.levels) problems.push({ path, problem: "expected fewer levels" });
    else if (typeof value === "string") problems.push(...textProblems(value, PAYLOAD_VARIABLES, path));
    else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) look(item, `${path}[${index}]`, level + 1);
    } else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        look(item as Json, path === "" ? key : `${path}.${key}`, level + 1);
      }
    }
  };
  look(template, "", 0);
  if (parts > TEMPLATE_LIMITS.parts) {
    problems.push({ path: "", problem: `expected at most ${TEMPLATE_LIMITS.parts} parts, found ${parts}` });
  }
  return problems;
}

/** Writes topics. There is nothing in it but places for names: what a topic says, its template says. */
export class TopicTemplate {
  readonly #text: Text;
  readonly #gateway: string;

  /** @param template without `topicProblems`. */
  constructor(template: string, gateway: string) {
    this.#text = parse(template);
    this.#gateway = gateway;
  }

  write(message: CloudMessage): string {
    return write(this.#text, (name) => String(topicVariable(name, message, this.#gateway)));
  }
}

/**
 * Writes payloads. A text that is one variable alone becomes that value (`"{value}"` the number 21.5); within a longer
 * text it becomes its text. A template that is a text itself gives text and not JSON: `"{value}"` writes `21.5`.
 */
export class PayloadTemplate {
  readonly #root: Node;
  readonly #plain: boolean;
  readonly #gateway: string;

  /** @param template without `payloadProblems`. */
  constructor(template: Json, gateway: string) {
    this.#root = nodeOf(template);
    this.#plain = typeof template === "string";
    this.#gateway = gateway;
  }

  write(message: CloudMessage): string {
    const variable = (name: string): Json => payloadVariable(name, message, this.#gateway);
    if (this.#plain && this.#root.kind === "text")
      return write(this.#root.text, (name) => textOf(variable(name)));
    return JSON.stringify(render(this.#root, variable));
  }
}

function textProblems(text: string, known: readonly string[], path: string): readonly TemplateProblem[] {
  if (text.length > TEMPLATE_LIMITS.characters) {
    return [{ path, problem: `expected at most ${TEMPLATE_LIMITS.characters} characters` }];
  }
  for (const [, name = ""] of text.matchAll(VARIABLE)) {
    if (known.includes(name)) continue;
    return [{ path, problem: `unknown variable {${name.slice(0, 40)}}; there are ${known.join(", ")}` }];
  }
  const left = text.replace(VARIABLE, "");
  return /[{}]/.test(left) ? [{ path, problem: "expected braces around names of variables alone" }] : [];
}

function parse(text: string): Text {
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(VARIABLE)) {
    if (found.index > from) parts.push(text.slice(from, found.index));
    parts.push({ variable: found[1] ?? "" });
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

function nodeOf(template: Json): Node {
  if (typeof template === "string") return { kind: "text", text: parse(template) };
  if (Array.isArray(template)) return { kind: "list", items: template.map(nodeOf) };
  if (!isJsonObject(template)) return { kind: "constant", value: template };
  const members = Object.entries(template).map(([key, value]) => [key, nodeOf(value as Json)] as const);
  return { kind: "object", members };
}

function render(node: Node, variable: (name: string) => Json): Json {
  switch (node.kind) {
    case "constant":
      return node.value;
    case "list":
      return node.items.map((item) => render(item, variable));
    case "object":
      return Object.fromEntries(node.members.map(([key, item]) => [key, render(item, variable)]));
    case "text": {
      const [only] = node.text;
      if (node.text.length === 1 && typeof only === "object") return variable(only.variable);
      return write(node.text, (name) => textOf(variable(name)));
    }
  }
}

function write(text: Text, variable: (name: string) => string): string {
  return text.map((part) => (typeof part === "string" ? part : variable(part.variable))).join("");
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function topicVariable(name: string, message: CloudMessage, gateway: string): Json {
  const [node = "", property = ""] = message.name.split("/");
  if (name === "gateway") return gateway;
  if (name === "thing") return message.thing;
  if (name === "node") return node;
  return name === "property" ? property : message.name;
}

function payloadVariable(name: string, message: CloudMessage, gateway: string): Json {
  switch (name) {
    case "id":
      return message.id;
    case "time":
      return new Date(message.time).toISOString();
    case "time_ms":
      return message.time;
    case "value":
      return message.value;
    case "quality":
      return message.quality;
    case "class":
      return message.class;
    default:
      return topicVariable(name, message, gateway);
  }
}
