import {
  DURATION_OR_TEMPLATE_PATTERN,
  DURATION_PATTERN,
  ID_PATTERN,
  PATTERN_FIELD_PATTERN,
  PROPERTY_REFERENCE_PATTERN,
  SIGNED_DURATION_PATTERN,
  TIME_OF_DAY_PATTERN,
  VARIABLE_PATTERN,
  WINDOW_PATTERN,
} from "@tram/protocol";
import { alternatives, describeValue } from "./describe-value.ts";

/** What is wrong at one place of a document. */
export interface ShapeProblem {
  /** Place inside the document: `[0].triggers[0].numeric.abov`; empty for the whole. */
  readonly path: string;
  readonly problem: string;
}

/** The part of JSON Schema that the rule language and the saved state use. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: "a map",
  array: "a list",
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  null: "nothing",
};
const PATTERN_MEANINGS: ReadonlyMap<string, string> = new Map([
  [ID_PATTERN, "an id of a-z, 0-9 and -, at most 64 characters, no - at the edges"],
  [DURATION_PATTERN, "a duration such as 500ms, 2s or 1h30m"],
  [PROPERTY_REFERENCE_PATTERN, "a property such as thing/node/name"],
  [DURATION_OR_TEMPLATE_PATTERN, "a duration such as 500ms, 2s or 1h30m, or a template"],
  [SIGNED_DURATION_PATTERN, "a duration such as 30m or -1h30m"],
  [TIME_OF_DAY_PATTERN, 'a time of day such as "07:30"'],
  [WINDOW_PATTERN, 'a window such as "06:00-08:30"'],
  [PATTERN_FIELD_PATTERN, 'a number, "/5" or "*"'],
  [VARIABLE_PATTERN, "a name of a-z, A-Z, 0-9 and _, beginning with a small letter"],
]);
/** Enough to mend a rule by; more would only bury the first. */
const MAX_PROBLEMS = 20;
/** A free value (of a `set`) may hold this much: aliases can make a small text unfold into an endless one. */
const MAX_FREE_DEPTH = 16;
const MAX_FREE_NODES = 10_000;
/** Actions and conditions may hold each other this deep. */
const MAX_NESTING = 16;

/** The named parts of a schema, and how deep the document has gone into them. */
interface Nest {
  readonly parts: Readonly<Record<string, Schema>>;
  readonly depth: number;
}

/**
 * Compares a document with a TypeBox schema and says what is wrong in words: what was found and what was expected.
 *
 * Of a union of maps the branch is chosen by the key that tells the branches apart (`state`, `numeric`, `set` …), so
 * a mistake inside a numeric trigger is reported as one, and not as "fits none of three".
 * @returns the problems, at most 20; empty exactly when the document fits and holds nothing but JSON.
 */
export function shapeProblems(schema: object, value: unknown, path = ""): ShapeProblem[] {
  const { $defs: parts = {} } = schema as Schema;
  const problems = check(schema as Schema, value, path, { parts, depth: 0 });
  return problems.length === 0 ? NONE : problems.slice(0, MAX_PROBLEMS);
}

/** Extends a path by a key or an index. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}[${JSON.stringify(key.slice(0, 40))}]`;
  return path === "" ? key : `${path}.${key}`;
}

const NONE: ShapeProblem[] = [];

function check(schema: Schema, value: unknown, path: string, nest: Nest): ShapeProblem[] {
  if (schema.$ref !== undefined) {
    const depth = nest.depth + 1;
    if (depth > MAX_NESTING) return problem(path, `nested deeper than ${MAX_NESTING} levels`);
    return check(nest.parts[schema.$ref] ?? {}, value, path, { ...nest, depth });
  }
  if (schema.anyOf !== undefined) return checkUnion(flatten(schema.anyOf), value, path, nest);
  if (schema.enum !== undefined) {
    if (schema.enum.includes(value)) return NONE;
    return found(value, path, alternatives(schema.enum.map((item) => String(item))));
  }
  if ("const" in schema)
    return schema.const === value ? NONE : found(value, path, describeValue(schema.const));
  if (schema.type === undefined) return checkFree(value, path);
  if (!hasType(schema.type, value)) return found(value, path, TYPE_NAMES[schema.type] ?? schema.type);
  if (typeof value === "string") return checkText(schema, value, path);
  if (typeof value === "number") return checkNumber(schema, value, path);
  if (Array.isArray(value)) return checkList(schema, value, path, nest);
  return typeof value === "object" && value !== null ? checkMap(schema, value, path, nest) : NONE;
}

function checkText(schema: Schema, value: string, path: string): ShapeProblem[] {
  const { maxLength = Number.POSITIVE_INFINITY, minLength = 0, pattern } = schema;
  if (value.length < minLength) {
    return problem(path, `found ${value.length} characters, expected at least ${minLength}`);
  }
  if (value.length > maxLength) {
    return problem(path, `found ${value.length} characters, expected at most ${maxLength}`);
  }
  if (pattern === undefined || compiled(pattern).test(value)) return NONE;
  return found(value, path, PATTERN_MEANINGS.get(pattern) ?? `text like ${pattern}`);
}

/** What is wrong with the name of a key, in a map whose keys are the author's. */
function checkKey(pattern: string, key: string, path: string): ShapeProblem[] {
  if (compiled(pattern).test(key)) return NONE;
  return found(key, joinPath(path, key), PATTERN_MEANINGS.get(pattern) ?? `a key like ${pattern}`);
}

const COMPILED = new Map<string, RegExp>();

/** The patterns are those of the schemas: few, and the same again and again. */
function compiled(pattern: string): RegExp {
  const known = COMPILED.get(pattern);
  if (known !== undefined) return known;
  const expression = new RegExp(pattern);
  COMPILED.set(pattern, expression);
  return expression;
}

function checkNumber(schema: Schema, value: number, path: string): ShapeProblem[] {
  const { maximum = Number.POSITIVE_INFINITY, minimum = Number.NEGATIVE_INFINITY } = schema;
  if (value < minimum) return found(value, path, `at least ${minimum}`);
  return value > maximum ? found(value, path, `at most ${maximum}`) : NONE;
}

function checkList(schema: Schema, value: readonly unknown[], path: string, nest: Nest): ShapeProblem[] {
  const { items = {}, maxItems = Number.POSITIVE_INFINITY, minItems = 0 } = schema;
  if (value.length < minItems) {
    return problem(path, `found ${value.length} items, expected at least ${minItems}`);
  }
  if (value.length > maxItems) {
    return problem(path, `found ${value.length} items, expected at most ${maxItems}`);
  }
  if (isFree(items)) return checkFree(value, path);
  return value.flatMap((item, index) => check(items, item, joinPath(path, index), nest));
}

function checkMap(schema: Schema, value: object, path: string, nest: Nest): ShapeProblem[] {
  if (schema.patternProperties !== undefined) {
    const [[pattern, items] = ["", {}]] = Object.entries(schema.patternProperties);
    const named = Object.keys(value).flatMap((key) => checkKey(pattern, key, path));
    if (named.length > 0) return named;
    if (isFree(items)) return checkFree(value, path);
    return Object.entries(value).flatMap(([key, item]) => check(items, item, joinPath(path, key), nest));
  }
  const known = schema.properties ?? {};
  const problems = Object.entries(value).flatMap(([key, item]) => {
    const place = joinPath(path, key);
    if (Object.hasOwn(known, key)) return check(known[key] ?? {}, item, place, nest);
    if (schema.additionalProperties !== false) return NONE;
    return problem(place, `unknown key; expected ${Object.keys(known).join(", ")}`);
  });
  const missing = (schema.required ?? []).filter((key) => !Object.hasOwn(value, key));
  return [...problems, ...missing.flatMap((key) => problem(joinPath(path, key), "missing"))];
}

function checkUnion(branches: readonly Schema[], value: unknown, path: string, nest: Nest): ShapeProblem[] {
  const tags = branches.map(tagOf);
  if (tags.every((tag) => tag !== undefined)) return checkTagged(branches, tags, value, { path, nest });
  const branch = branches.find((one) =>
    one.type === undefined ? one.enum?.includes(value) : hasType(one.type, value),
  );
  if (branch !== undefined) return check(branch, value, path, nest);
  const names = branches.flatMap(
    (one) => one.enum?.map(String) ?? [TYPE_NAMES[one.type ?? ""] ?? "something else"],
  );
  return found(value, path, alternatives(names));
}

function checkTagged(
  branches: readonly Schema[],
  tags: readonly string[],
  value: unknown,
  { path, nest }: { readonly path: string; readonly nest: Nest },
): ShapeProblem[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return found(value, path, `a map with ${alternatives(tags)}`);
  }
  const present = tags.filter((one) => Object.hasOwn(value, one));
  // The tag of one may be a key of another: a clock that steps, and a power cut with a clock.
  const branch = branches.find(
    ({ properties = {} }, index) =>
      present.includes(tags[index] ?? "") && present.every((one) => Object.hasOwn(properties, one)),
  );
  if (branch !== undefined) return check(branch, value, path, nest);
  if (present.length > 0) {
    return problem(path, `found ${present.join(" and ")} together, expected only one of them`);
  }
  const keys = Object.keys(value);
  const seen = keys.length === 0 ? "an empty map" : `only ${keys.slice(0, 8).join(", ").slice(0, 80)}`;
  return problem(path, `found ${seen}, expected the key ${alternatives(tags)}`);
}

/** Any JSON: no cycles, no infinite numbers, bounded. */
function checkFree(value: unknown, path: string): ShapeProblem[] {
  let nodes = 0;
  const visit = (item: unknown, depth: number): string | undefined => {
    if (++nodes > MAX_FREE_NODES) return `found more than ${MAX_FREE_NODES} values, expected fewer`;
    if (depth > MAX_FREE_DEPTH)
      return `found a value nested deeper than ${MAX_FREE_DEPTH} levels, expected less`;
    if (item === null || typeof item === "boolean" || typeof item === "string") return undefined;
    if (typeof item === "number") {
      return Number.isFinite(item) ? undefined : `found ${item}, expected a finite number`;
    }
    if (typeof item !== "object") return `found ${typeof item}, expected a JSON value`;
    for (const child of Object.values(item)) {
      const inside = visit(child, depth + 1);
      if (inside !== undefined) return inside;
    }
    return undefined;
  };
  const text = visit(value, 0);
  return text === undefined ? NONE : problem(path, text);
}

function isFree({ $ref, anyOf, enum: values, type }: Schema): boolean {
  return $ref === undefined && type === undefined && anyOf === undefined && values === undefined;
}

function found(value: unknown, path: string, expected: string): ShapeProblem[] {
  return problem(path, `found ${describeValue(value)}, expected ${expected}`);
}

function problem(path: string, text: string): ShapeProblem[] {
  return [{ path, problem: text }];
}

function hasType(type: string, value: unknown): boolean {
  switch (type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "integer":
      return Number.isSafeInteger(value);
    case "null":
      return value === null;
    default:
      return typeof value === type;
  }
}

/** The key that tells a branch from its siblings: its first required one. */
function tagOf(schema: Schema): string | undefined {
  return schema.type === "object" ? schema.required?.[0] : undefined;
}

function flatten(branches: readonly Schema[]): Schema[] {
  return branches.flatMap((branch) => (branch.anyOf === undefined ? [branch] : flatten(branch.anyOf)));
}
