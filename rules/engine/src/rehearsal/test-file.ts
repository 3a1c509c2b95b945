import { RuleTest, RuleTestDefaults } from "@tram/protocol";
import { describeValue } from "../describe-value.ts";
import { lineOf } from "../edit/line-of.ts";
import { MAX_FILE_LENGTH, readYaml } from "../parse-file.ts";
import { joinPath, type ShapeProblem, shapeProblems } from "../shape-check.ts";

const MAX_TESTS = 1_000;

/** What is wrong at one place of a test file. */
export interface TestFileProblem extends ShapeProblem {
  /** From 1; absent where the text is not YAML at all. */
  readonly line?: number;
}

/** One test, with what its file says of all of them. */
export interface PlacedTest {
  readonly document: RuleTest;
  /** Line of a place inside the test (`when[2].report`), from 1; of the test itself for the empty path. */
  readonly line: (path: string) => number;
}

export interface ParsedTestFile {
  readonly tests: readonly PlacedTest[];
  /** Tests that have one are not among `tests`. */
  readonly problems: readonly TestFileProblem[];
}

/**
 * Reads a file of rule tests: a list of them, or a map of what they have in common and `tests`.
 * @returns the tests that can run, and what is wrong with the rest; never throws, whatever the text.
 */
export function parseTestFile(text: string): ParsedTestFile {
  if (text.length > MAX_FILE_LENGTH) {
    return whole(`found ${text.length} characters, expected at most ${MAX_FILE_LENGTH}`);
  }
  const read = readYaml(text);
  if (!read.ok) return { tests: [], problems: read.problems.map(syntaxProblem) };
  const { value, document, lines } = read;
  const lineAt = (path: string): number => lineOf(document.contents, path, lines) ?? 1;
  const placed = (problem: ShapeProblem): TestFileProblem => ({ ...problem, line: lineAt(problem.path) });

  const head = headOf(value);
  const items = isMap(value) ? value.tests : value;
  const prefix = isMap(value) ? "tests" : "";
  const problems = shapeProblems(RuleTestDefaults, head).map(placed);
  if (problems.length > 0) return { tests: [], problems };
  if (!Array.isArray(items)) {
    const problem = `found ${describeValue(items)}, expected a list of tests, each beginning with "- test:"`;
    return { tests: [], problems: [placed({ path: prefix, problem })] };
  }
  if (items.length > MAX_TESTS) return whole(`found ${items.length} tests, expected at most ${MAX_TESTS}`);
  const tests: PlacedTest[] = [];
  for (const [index, item] of items.entries()) {
    const path = joinPath(prefix, index);
    const wrong = shapeProblems(RuleTest, item, path);
    if (wrong.length > 0) problems.push(...wrong.map(placed));
    else {
      const line = (inside: string): number => lineAt(inside === "" ? path : `${path}.${inside}`);
      tests.push({ document: withDefaults(item as RuleTest, head as RuleTestDefaults), line });
    }
  }
  return { tests, problems };
}

function headOf(value: unknown): Record<string, unknown> {
  if (!isMap(value)) return {};
  const { tests: _tests, ...head } = value;
  return head;
}

/** What a test says itself goes before what its file says; Things, values and answers are laid over each other. */
function withDefaults(test: RuleTest, defaults: RuleTestDefaults): RuleTest {
  const over = <Key extends "things" | "given" | "respond">(key: Key): Partial<Pick<RuleTest, Key>> =>
    test[key] === undefined && defaults[key] === undefined
      ? {}
      : ({ [key]: { ...defaults[key], ...test[key] } } as Partial<Pick<RuleTest, Key>>);
  return { ...defaults, ...test, ...over("things"), ...over("given"), ...over("respond") };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function syntaxProblem(problem: string): TestFileProblem {
  const line = /^line (\d+), column \d+: /.exec(problem)?.[1];
  return line === undefined ? { path: "", problem } : { path: "", problem, line: Number(line) };
}

function whole(problem: string): ParsedTestFile {
  return { tests: [], problems: [{ path: "", problem }] };
}
