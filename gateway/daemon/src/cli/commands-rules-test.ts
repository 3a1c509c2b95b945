import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { parseTestFile, runRuleTest, type TestResult, writeElapsed } from "@tram/rules/rehearsal";
import { type FileResult, writeJunit } from "../rehearsal/junit.ts";
import { type KnownThings, knownThings } from "../rehearsal/known-things.ts";
import { findTests, readText, sourcesOfTest } from "../rehearsal/rule-folder.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { CommandFailed } from "./usage-error.ts";

/** Lines of what happened that are shown of a test that failed, the latest. */
const SHOWN_LINES = 40;

/** `rules test [FILE|FOLDER…]` */
export const rulesTest: CommandBody = async (context) => {
  const { args, options, output } = context;
  const files = (args.length === 0 ? ["."] : args).flatMap(findTests);
  if (files.length === 0) {
    throw new CommandFailed(`no *.test.yaml in ${args.length === 0 ? "this folder" : args.join(", ")}`);
  }
  const house = await knownThings(context);
  const results = files.map((file) => testFile(file, house, options.only));
  if (typeof options.junit === "string") write(options.junit, writeJunit(results));
  const tests = results.flatMap((result) => result.tests);
  const broken = results.reduce((sum, { problems }) => sum + problems.length, 0);
  const count = (status: TestResult["status"]) => tests.filter((test) => test.status === status).length;
  const sum = { passed: count("passed"), failed: count("failed"), skipped: count("skipped"), broken };
  output.show({ ...sum, files: results }, () => {
    for (const result of results) showFile(context, result);
    const words = Object.entries(sum).flatMap(([word, number]) =>
      number === 0 ? [] : [`${number} ${word}`],
    );
    output.line(words.length === 0 ? "no tests" : words.join(", "));
  });
  return sum.failed === 0 && broken === 0 && sum.passed + sum.skipped > 0 ? 0 : 1;
};

function testFile(path: string, house: KnownThings, only: string | boolean | undefined): FileResult {
  const file = relative(".", path);
  const begun = performance.now();
  const { problems, tests } = parseTestFile(readText(path));
  const wanted = tests.filter(({ document }) => typeof only !== "string" || document.test.includes(only));
  const results = wanted.map((test) =>
    runRuleTest(test, {
      sources: sourcesOfTest(path, test.document.rules),
      things: house.things,
      placings: house.placings,
      timezone: "UTC",
    }),
  );
  return { file, problems, tests: results, tookMs: performance.now() - begun };
}

function showFile({ output }: CommandContext, { file, problems, tests }: FileResult): void {
  for (const { line, path, problem } of problems) {
    const where = line === undefined ? file : `${file}:${line}`;
    output.line(`${output.style("red", "broken")}   ${where}: ${path}${path === "" ? "" : ": "}${problem}`);
  }
  for (const test of tests) {
    const { failures, line, name, reason, status, timeline } = test;
    const color = { passed: "green", failed: "red", skipped: "yellow" } as const;
    const why = reason === undefined ? "" : ` (${reason})`;
    output.line(`${output.style(color[status], status.padEnd(7))}  ${file}:${line}: ${name}${why}`);
    if (status !== "failed") continue;
    for (const failure of failures) {
      output.line(`    ${file}:${failure.line}: expected ${failure.expected}`);
      output.line(`    ${" ".repeat(`${file}:${failure.line}`.length)}  found ${failure.found}`);
    }
    output.line(
      `    what happened${timeline.length > SHOWN_LINES ? `, the latest ${SHOWN_LINES} of ${timeline.length} lines` : ""}:`,
    );
    for (const { at, rule, text } of timeline.slice(-SHOWN_LINES)) {
      output.line(
        `      ${output.style("dim", writeElapsed(at).padStart(11))}  ${rule === undefined ? "" : `${rule}: `}${text}`,
      );
    }
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandFailed(`${file}: ${(error as Error).message}`);
  }
}
