import { type Json, type JsonObject, readDecimal } from "@tram/protocol";
import { Template } from "./template/template.ts";

/** Reads the options of one entity, and collects what is wrong with them or not supported. */
export class Options {
  readonly problems: string[] = [];
  readonly #options: JsonObject;
  readonly #path: string;

  constructor(options: JsonObject, path: string) {
    this.#options = options;
    this.#path = path;
  }

  text(name: string): string | undefined {
    const value = this.#options[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value;
    // Payloads such as `true` and `1` are often written without quotes; Home Assistant takes them so.
    if (typeof value === "number") return String(value);
    if (typeof value === "boolean") return value ? "True" : "False";
    return this.#wrong(name, "a text");
  }

  /** A payload or another word, with its default. */
  word(name: string, fallback: string): string {
    return this.text(name) ?? fallback;
  }

  topic(name: string): string | undefined {
    const topic = this.text(name);
    if (topic === undefined || topic === "") return undefined;
    return /[+#\0]/.test(topic) || topic.length > 1_024
      ? this.#wrong(name, "a topic without wildcards")
      : topic;
  }

  number(name: string): number | undefined {
    const value = this.#options[name];
    if (value === undefined || value === null) return undefined;
    const number = typeof value === "string" ? readDecimal(value) : value;
    return typeof number === "number" && Number.isFinite(number) ? number : this.#wrong(name, "a number");
  }

  flag(name: string): boolean {
    return this.#options[name] === true;
  }

  /** A list of texts, at most 256 of them. */
  list(name: string): readonly string[] {
    const value = this.#options[name];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value) || value.length > 256 || !value.every((each) => typeof each === "string")) {
      this.#wrong(name, "a list of texts");
      return [];
    }
    return [...new Set(value as readonly string[])].filter((text) => text !== "" && text.length <= 128);
  }

  /** @returns undefined when there is none, or none that is understood: that is a problem then. */
  template(name: string): Template | undefined {
    const source = this.text(name);
    if (source === undefined || source === "") return undefined;
    const template = Template.read(source);
    if (typeof template !== "string") return template;
    this.problem(name, template);
    return undefined;
  }

  /** Whether a template is there that is not understood: what it belongs to must not be used without it. */
  isLost(name: string): boolean {
    return this.problems.some((problem) => problem.startsWith(`${this.#path}.${name}: `));
  }

  json(name: string): Json | undefined {
    return this.#options[name];
  }

  problem(name: string, problem: string): void {
    this.problems.push(`${this.#path}.${name}: ${problem}`);
  }

  #wrong(name: string, expected: string): undefined {
    this.problem(name, `expected ${expected}`);
    return undefined;
  }
}
