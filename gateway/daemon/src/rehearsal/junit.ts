import type { TestResult } from "@tram/rules/rehearsal";

/** The tests of one file, with what is wrong with the file. */
export interface FileResult {
  readonly file: string;
  readonly problems: readonly { readonly line?: number; readonly path: string; readonly problem: string }[];
  readonly tests: readonly TestResult[];
  /** Real time that they took. */
  readonly tookMs: number;
}

/**
 * Writes results as JUnit's XML, the form that build servers read.
 * @see https://github.com/testmoapp/junitxml for the elements and attributes in use.
 */
export function writeJunit(files: readonly FileResult[]): string {
  const suites = files.map(suite).join("");
  const sum = files.map(countsOf).reduce(add, { tests: 0, failures: 0, errors: 0, skipped: 0 });
  const tookMs = files.reduce((total, file) => total + file.tookMs, 0);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes({ ...sum, time: seconds(tookMs) })}>\n${suites}</testsuites>\n`;
}

interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
}

function countsOf({ problems, tests }: FileResult): Counts {
  const having = (status: TestResult["status"]) => tests.filter((test) => test.status === status).length;
  return {
    tests: tests.length + problems.length,
    failures: having("failed"),
    errors: problems.length,
    skipped: having("skipped"),
  };
}

function add(one: Counts, other: Counts): Counts {
  return {
    tests: one.tests + other.tests,
    failures: one.failures + other.failures,
    errors: one.errors + other.errors,
    skipped: one.skipped + other.skipped,
  };
}

function suite(result: FileResult): string {
  const { file, problems, tests, tookMs } = result;
  const cases = [
    ...problems.map(({ line, path, problem }) => {
      const where = path === "" ? problem : `${path}: ${problem}`;
      return element("testcase", { classname: file, name: path === "" ? "the file" : path, file, line }, [
        element("error", { message: where }, []),
      ]);
    }),
    ...tests.map((test) => {
      const inside = test.failures.map(({ expected, found, line }) =>
        element("failure", { message: `expected ${expected}; found ${found}` }, [
          escapeXml(`${file}:${line}\nexpected ${expected}\nfound ${found}\n`),
        ]),
      );
      if (test.status === "skipped") inside.push(element("skipped", { message: test.reason }, []));
      return element("testcase", { classname: file, name: test.name, file, line: test.line }, inside);
    }),
  ];
  return element("testsuite", { name: file, ...countsOf(result), time: seconds(tookMs) }, cases);
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

function element(name: string, its: Attributes, inside: readonly string[]): string {
  const begin = `<${name}${attributes(its)}`;
  return inside.length === 0 ? `${begin}/>\n` : `${begin}>\n${inside.join("")}</${name}>\n`;
}

function attributes(its: Attributes): string {
  return Object.entries(its)
    .flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${escapeXml(String(value))}"`]))
    .join("");
}

const ENTITIES: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };

/** XML 1.0 has no way to write the other control characters at all. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[<>&"]/g, (character) => ENTITIES[character] ?? character)
    .replace(/(?![\n\t])[\p{Cc}\ufffe\uffff]/gu, "?");
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}
