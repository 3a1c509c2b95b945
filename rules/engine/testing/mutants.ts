import { type Document, isMap, isScalar, isSeq, parseDocument, type Scalar } from "yaml";

/** A rule file in which one thing is otherwise. */
export interface Mutant {
  /** `1.triggers.0.numeric.above: 28 → 36.4` */
  readonly what: string;
  readonly text: string;
}

type Path = readonly (string | number)[];

const DURATION = /^-?(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;
/** Keys whose numbers, durations and times decide when a rule does something. */
const DECIDING = new Set(["above", "below", "for", "delay", "timeout", "catch_up", "offset"]);
const CONDITIONS = new Set(["conditions", "condition", "when", "if", "and", "or"]);
const TIMES = new Set(["time", "at", "after", "before"]);

/** All rule files that differ from this one in one threshold, one time, one switched value, or one condition less. */
export function mutantsOf(text: string): Mutant[] {
  const mutants: Mutant[] = [];
  const mutate = (path: Path, what: string, change: (document: Document) => void): void => {
    const document = parseDocument(text, { schema: "core" });
    change(document);
    mutants.push({ what: `${path.join(".")}: ${what}`, text: document.toString() });
  };
  const visit = (node: unknown, path: Path, key: string): void => {
    if (isMap(node)) {
      for (const { key: own, value } of node.items) {
        const name = String((own as Scalar).value);
        visit(value, [...path, name], name);
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        const place = [...path, index];
        if (CONDITIONS.has(key)) {
          // In its place stands what always holds, or never: a list may not be empty.
          mutate(place, key === "or" ? "never" : "always", (document) => {
            document.setIn(place, { expression: key === "or" ? "false" : "true" });
          });
        }
        visit(item, place, key);
      }
    } else if (isScalar(node)) {
      for (const other of alternativesOf(node.value, key)) {
        mutate(path, `${node.value} → ${other}`, (document) => document.setIn(path, other));
      }
    }
  };
  visit(parseDocument(text, { schema: "core" }).contents, [], "");
  return mutants;
}

function alternativesOf(value: unknown, key: string): readonly (string | number | boolean)[] {
  if (key === "value" && typeof value === "boolean") return [!value];
  if (DECIDING.has(key) && typeof value === "number") {
    const step = Math.max(1, Math.abs(value) * 0.3);
    return [value + step, value - step];
  }
  if (typeof value !== "string") return [];
  if (DECIDING.has(key) && DURATION.test(value)) return [longer(value)];
  const time = TIME.exec(value);
  return TIMES.has(key) && time !== null
    ? [`${String((Number(time[1]) + 1) % 24).padStart(2, "0")}:${time[2]}`]
    : [];
}

/** Each number of it three times as large. */
function longer(duration: string): string {
  return duration.replace(/\d+(?:\.\d+)?/g, (number) => String(Number(number) * 3));
}
