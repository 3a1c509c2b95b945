import { readdirSync, readFileSync } from "node:fs";
import { EDITOR_SCHEMAS, type Rule } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import type { TSchema } from "typebox";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { mutantsOf } from "../../testing/mutants.ts";
import { runRuleTest } from "./run-test.ts";
import { parseTestFile } from "./test-file.ts";

const folder = new URL("../../../../examples/rules/", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const all = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
const names = all
  .filter((file) => !file.endsWith(".test.yaml"))
  .map((file) => file.slice(0, -".yaml".length));
const rulesOf = (text: string): Rule[] => parse(text, { schema: "core" }) as Rule[];
/** Of the mutants of a file so many may live: some thresholds say nothing that a test could see. */
const MAX_ALIVE = 1 / 3;

test("each example has tests, and each test an example", () => {
  expect(names.length).toBeGreaterThanOrEqual(25);
  expect(all.sort()).toEqual(names.flatMap((name) => [`${name}.test.yaml`, `${name}.yaml`]).sort());
});

test("ids are unique, so that the whole folder may be tried at once", () => {
  const ids = names.flatMap((name) => rulesOf(read(`${name}.yaml`)).map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(["README.md", "README.vi.md"])("%s names each of them", (file) => {
  const listed = [...read(file).matchAll(/^\| \[`([a-z0-9-]+)`\]\(\1\.yaml\) \|/gm)].map(([, name]) => name);
  expect(listed).toEqual(names.toSorted());
});

describe.each(names)("%s", (name) => {
  const text = read(`${name}.yaml`);
  const { problems, tests } = parseTestFile(read(`${name}.test.yaml`));
  const failuresOf = (rules: string) =>
    tests.flatMap((one) =>
      runRuleTest(one, {
        sources: [{ file: `${name}.yaml`, text: rules }],
        things: [],
        timezone: "UTC",
      }).failures.map(({ expected, found, line }) => `${line}: expected ${expected}; found ${found}`),
    );

  test("does what its tests say", () => {
    expect(problems).toEqual([]);
    expect(tests.length).toBeGreaterThan(0);
    expect(failuresOf(text)).toEqual([]);
  });

  test("says what it is for, and what becomes of it after a power cut", () => {
    expect(text.split("\n")[0]).toBe(
      "# yaml-language-server: $schema=../../docs/reference/rules.schema.json",
    );
    const rules = rulesOf(text);
    for (const { title = "" } of rules) expect(title.length).toBeGreaterThan(3);
    const told = rules.map(({ description = "" }) => description).join(" ");
    expect(told).toMatch(/power|start/);
  });

  test("is what the schema for editors takes, and its tests are", () => {
    expect(CHECKS.rules.Check(parse(text, { schema: "core" }))).toBe(true);
    expect(CHECKS.tests.Check(parse(read(`${name}.test.yaml`), { schema: "core" }))).toBe(true);
  });

  test("has tests that see when it is wrong", () => {
    const mutants = mutantsOf(text);
    const alive = mutants.filter((mutant) => failuresOf(mutant.text).length === 0).map(({ what }) => what);
    expect(mutants.length - alive.length, alive.join("\n")).toBeGreaterThan(0);
    expect(alive.length / mutants.length, alive.join("\n")).toBeLessThanOrEqual(MAX_ALIVE);
  });
});

const CHECKS = {
  rules: Compile(EDITOR_SCHEMAS["rules.schema.json"]() as TSchema),
  tests: Compile(EDITOR_SCHEMAS["rule-tests.schema.json"]() as TSchema),
};
