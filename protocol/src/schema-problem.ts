/** What a JSON Schema validator tells, as far as it is used here (the form that TypeBox reports). */
export interface SchemaError {
  readonly keyword: string;
  /** JSON Pointer (RFC 6901) to the offending value. */
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** One thing that is wrong with a document from outside, said for people. */
export interface SchemaProblem {
  /** `modules[0].config.seed`; empty for the document itself. */
  readonly path: string;
  /** What was expected and what was found. */
  readonly problem: string;
}

/** What is said of a key that the schema does not have. */
export const UNKNOWN_KEY = "unknown key";

/**
 * Turns validator errors into sentences with "expected … found …", one per path, in document order of the errors.
 * @param showFound shows what was found at a path; for documents that hold secrets.
 */
export function schemaProblems(
  errors: Iterable<SchemaError>,
  document: unknown,
  showFound: (value: unknown, path: string) => string = show,
): readonly SchemaProblem[] {
  const expected = new Map<string, { readonly wanted: Set<string>; readonly found: unknown }>();
  const problems = new Map<string, string>();
  for (const error of errors) {
    const params = error.params as Readonly<Record<string, unknown>>;
    const path = pathOf(error.instancePath);
    switch (error.keyword) {
      case "boolean":
        problems.set(path, UNKNOWN_KEY);
        break;
      case "additionalProperties":
      case "anyOf":
        break; // Their details come as errors of their own.
      case "required":
        for (const key of params.requiredProperties as string[]) {
          problems.set(path === "" ? key : `${path}.${key}`, "is missing");
        }
        break;
      default: {
        const entry = expected.get(path) ?? {
          wanted: new Set(),
          found: valueAt(document, error.instancePath),
        };
        expected.set(path, entry);
        entry.wanted.add(expectation(error.keyword, params, error.message));
      }
    }
  }
  // A key that one form of a union does not know may be known to another, which then tells more.
  for (const [path, { wanted, found }] of expected) {
    problems.set(path, `expected ${[...wanted].join(" or ")}, found ${showFound(found, path)}`);
  }
  return [...problems].map(([path, problem]) => ({ path, problem }));
}

function expectation(keyword: string, params: Readonly<Record<string, unknown>>, message: string): string {
  switch (keyword) {
    case "type":
      return article(String(params.type));
    case "enum":
      return `one of ${(params.allowedValues as unknown[]).join(", ")}`;
    case "const":
      return JSON.stringify(params.allowedValue);
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
    case "exclusiveMaximum":
      return `${String(params.comparison)} ${String(params.limit)}`;
    case "pattern":
      return `text that matches ${String(params.pattern)}`;
    case "minLength":
      return `at least ${count(params.limit, "character", "characters")}`;
    case "maxLength":
      return `at most ${count(params.limit, "character", "characters")}`;
    case "minItems":
    case "minProperties":
      return `at least ${count(params.limit, "entry", "entries")}`;
    case "maxItems":
    case "maxProperties":
      return `at most ${count(params.limit, "entry", "entries")}`;
    case "uniqueItems":
      return "no entry twice";
    default:
      return message.replace(/^must (?:be )?/, "");
  }
}

function count(limit: unknown, one: string, many: string): string {
  return `${String(limit)} ${limit === 1 ? one : many}`;
}

function article(type: string): string {
  if (type === "null") return "nothing";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function keysOf(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function pathOf(pointer: string): string {
  return keysOf(pointer).reduce(
    (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === "" ? part : `${path}.${part}`),
    "",
  );
}

function valueAt(document: unknown, pointer: string): unknown {
  let value: unknown = document;
  for (const key of keysOf(pointer)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

const SHOWN_CHARACTERS = 60;
/** More entries or levels than this never fit into the line. */
const SHOWN_ENTRIES = 32;
const SHOWN_LEVELS = 4;

/** Shows a value from outside in one short line. */
export function show(value: unknown): string {
  const text = typeof value === "number" ? String(value) : JSON.stringify(outline(value, SHOWN_LEVELS));
  if (text === undefined) return "nothing";
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** The first corner of a value: what comes from outside may be huge, and may nest deeper than the stack. */
function outline(value: unknown, levels: number): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string") return value.slice(0, SHOWN_CHARACTERS);
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return "…";
  if (Array.isArray(value)) return value.slice(0, SHOWN_ENTRIES).map((item) => outline(item, levels - 1));
  const entries = Object.entries(value).slice(0, SHOWN_ENTRIES);
  return Object.fromEntries(entries.map(([key, item]) => [key, outline(item, levels - 1)]));
}
