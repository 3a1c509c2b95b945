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

/** Turns validator errors into sentences with "expected … found …", one per path, in document order of the errors. */
export function schemaProblems(errors: Iterable<SchemaError>, document: unknown): readonly SchemaProblem[] {
  const expected = new Map<string, string[]>();
  const problems = new Map<string, string>();
  for (const error of errors) {
    const params = error.params as Readonly<Record<string, unknown>>;
    const path = pathOf(error.instancePath);
    switch (error.keyword) {
      case "boolean":
        problems.set(path, "unknown key");
        break;
      case "additionalProperties":
      case "anyOf":
        break; // Their details come as errors of their own.
      case "required":
        for (const key of params.requiredProperties as string[]) {
          problems.set(path === "" ? key : `${path}.${key}`, "is missing");
        }
        break;
      default:
        expected.set(path, [
          ...(expected.get(path) ?? []),
          expectation(error.keyword, params, error.message),
        ]);
    }
  }
  for (const [path, wanted] of expected) {
    if (problems.has(path)) continue;
    problems.set(
      path,
      `expected ${[...new Set(wanted)].join(" or ")}, found ${show(valueAt(document, path))}`,
    );
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
      return `at least ${String(params.limit)} characters`;
    case "maxLength":
      return `at most ${String(params.limit)} characters`;
    case "minItems":
      return `at least ${String(params.limit)} entries`;
    case "maxItems":
    case "maxProperties":
      return `at most ${String(params.limit)} entries`;
    default:
      return message.replace(/^must (?:be )?/, "");
  }
}

function article(type: string): string {
  if (type === "null") return "nothing";
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function pathOf(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce(
      (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === "" ? part : `${path}.${part}`),
      "",
    );
}

function valueAt(document: unknown, path: string): unknown {
  let value: unknown = document;
  for (const [, index, key] of path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[index ?? key ?? ""];
  }
  return value;
}

/** Shows a value from outside in one short line. */
export function show(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) return "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
