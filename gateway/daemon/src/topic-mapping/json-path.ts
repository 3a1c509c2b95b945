import { isJsonObject, type Json, MAPPING_LIMITS } from "@tram/protocol";

/** Names of members, and indices of lists. */
export type JsonPath = readonly (string | number)[];

/** A step: a plain name, an index, or a name in brackets as a JSON text. */
const STEP = /(?:^|(?!^)\.)([^.[\]"\s]+)|\[(0|[1-9]\d{0,5})\]|\[("(?:[^"\\]|\\.)*")\]/y;

/**
 * Reads a path into JSON: `a.b`, `list[0].c`, `["a name.with dots"].d`.
 * @returns a sentence for what is none.
 */
export function parseJsonPath(text: string): JsonPath | string {
  const steps: (string | number)[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length) {
    const at = STEP.lastIndex;
    const found = STEP.exec(text);
    if (found === null)
      return `expected a path such as a.b[0], found ${JSON.stringify(text.slice(at, at + 40))}`;
    const [, name, index, quoted] = found;
    const step = name ?? (index === undefined ? unquoted(quoted) : Number(index));
    if (step === undefined) return `expected a name in quotes, found ${quoted}`;
    steps.push(step);
    if (steps.length > MAPPING_LIMITS.pathSteps) return `expected at most ${MAPPING_LIMITS.pathSteps} steps`;
  }
  return steps.length === 0 ? "expected a path such as a.b[0], found nothing" : steps;
}

function unquoted(text = ""): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What is at the path; undefined where nothing is. Own members alone: a name is never one of JavaScript. */
export function valueAt(json: Json, path: JsonPath): Json | undefined {
  let value: Json | undefined = json;
  for (const step of path) {
    if (typeof step === "number") value = Array.isArray(value) ? (value as readonly Json[])[step] : undefined;
    else value = isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    if (value === undefined) return undefined;
  }
  return value;
}

const PLAIN = /^[^.[\]"\s]+$/;

/** The other way. */
export function writeJsonPath(path: JsonPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!PLAIN.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}
