import { isId, Rule } from "@tram/protocol";
import { type Document, LineCounter, parseDocument, type YAMLError } from "yaml";
import { describeValue } from "./describe-value.ts";
import { RuleDocument } from "./rule-document.ts";
import { type ShapeProblem, shapeProblems } from "./shape-check.ts";

/** Characters that a rule file may have. */
export const MAX_FILE_LENGTH = 256 * 1024;
/** Aliases are handy for a few repeated values; a file that unfolds more than that is an attack or a mistake. */
const MAX_ALIASES = 100;
/** The parser compares each key of a map with all others: this stops a map of ten thousands of keys early. */
const MAX_KEY_COMPARISONS = 1_000_000;
const MAX_SYNTAX_PROBLEMS = 5;
/** As `RuleFile` of the protocol says. */
const MAX_RULES = 10_000;

/** One item of a rule file. */
export interface ParsedRule {
  /** Place in the file: `[3]`. */
  readonly path: string;
  /** The id where one can be read, even of a rule that is broken otherwise. */
  readonly id: string | undefined;
  /** It says `enabled: false`, whatever else it says. */
  readonly off?: true;
  /** Absent when the item does not have the shape of a rule. */
  readonly document?: RuleDocument;
  readonly problems: readonly ShapeProblem[];
}

/** What the text of one file says, before it is compared with the house. */
export interface ParsedFile {
  readonly text: string;
  /** Problems that break the file as a whole: then there are no rules. */
  readonly problems: readonly ShapeProblem[];
  readonly rules: readonly ParsedRule[];
}

/**
 * Reads the text of a rule file. Each item of the list is checked on its own, so that one broken rule never hides the
 * others.
 * @returns what could be read and what is wrong with the rest; never throws, whatever the text.
 */
export function parseFile(text: string): ParsedFile {
  if (text.length > MAX_FILE_LENGTH) {
    return broken(text, `found ${text.length} characters, expected at most ${MAX_FILE_LENGTH}`);
  }
  const content = readYaml(text);
  if (!content.ok) return broken(text, ...content.problems);
  const { value } = content;
  if (value === null || value === undefined) return { text, problems: [], rules: [] };
  if (!Array.isArray(value)) {
    return broken(
      text,
      `found ${describeValue(value)}, expected a list of rules, each beginning with "- id:"`,
    );
  }
  if (value.length > MAX_RULES)
    return broken(text, `found ${value.length} rules, expected at most ${MAX_RULES}`);
  return { text, problems: [], rules: value.map((item: unknown, index) => parseRule(item, `[${index}]`)) };
}

/** Checks one item of a rule file: its shape, not yet its Things. */
export function parseRule(item: unknown, path: string): ParsedRule {
  const problems = shapeProblems(Rule, item, path);
  const id = idOf(item);
  if (problems.length > 0) return { path, id, problems, ...(isOff(item) ? { off: true } : {}) };
  return { path, id, problems, document: new RuleDocument(item as Rule) };
}

function isOff(item: unknown): boolean {
  return typeof item === "object" && item !== null && "enabled" in item && item.enabled === false;
}

function idOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null || !("id" in item)) return undefined;
  return typeof item.id === "string" && isId(item.id) ? item.id : undefined;
}

export type YamlContent =
  | { readonly ok: true; readonly value: unknown; readonly document: Document; readonly lines: LineCounter }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads YAML of people nobody knows: bounded, without tags, never throws.
 * @param options `keepSourceTokens` keeps where each token stands, for who wants to change the text.
 */
export function readYaml(text: string, options: { readonly keepSourceTokens?: true } = {}): YamlContent {
  try {
    const lines = new LineCounter();
    const document = parseYaml(text, lines, options);
    // Warnings are tags that nobody knows and directives without meaning: what they stand for would be lost.
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0) {
      // Not converted then: broken documents can take minutes to.
      return {
        ok: false,
        problems: faults.slice(0, MAX_SYNTAX_PROBLEMS).map((fault) => explain(fault, lines)),
      };
    }
    return { ok: true, value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown, document, lines };
  } catch (error) {
    return {
      ok: false,
      problems: [`not readable: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
}

function parseYaml(
  text: string,
  lineCounter: LineCounter,
  options: { readonly keepSourceTokens?: true },
): Document {
  let comparisons = 0;
  return parseDocument(text, {
    ...options,
    version: "1.2",
    schema: "core",
    merge: false,
    customTags: [],
    resolveKnownTags: false,
    stringKeys: true,
    prettyErrors: false,
    // Not `silent`: that also hides a second document in the file.
    logLevel: "error",
    lineCounter,
    uniqueKeys: (a, b) => {
      if (++comparisons > MAX_KEY_COMPARISONS) throw new RangeError("a map has too many keys");
      return "value" in a && "value" in b && a.value === b.value;
    },
  });
}

function explain(fault: YAMLError, lines: LineCounter): string {
  const { line, col } = lines.linePos(fault.pos[0]);
  return `line ${line}, column ${col}: ${fault.message.slice(0, 200)}`;
}

function broken(text: string, ...problems: string[]): ParsedFile {
  return { text, problems: problems.map((problem) => ({ path: "", problem })), rules: [] };
}
