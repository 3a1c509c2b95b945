import type { TSchema } from "typebox";
import { describe, expect, test } from "vitest";
import { Compile } from "../validator.ts";
import { EDITOR_SCHEMAS } from "./editor-schema.ts";

interface Node {
  readonly [key: string]: unknown;
  readonly anyOf?: readonly Node[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly $defs?: Readonly<Record<string, Node>>;
}
const rules = EDITOR_SCHEMAS["rules.schema.json"]() as unknown as Node;
const tests = EDITOR_SCHEMAS["rule-tests.schema.json"]() as unknown as Node;
/** As text: a `then` in a literal looks like a promise to the linter. */
const ifElse = (condition: string, delay: string): unknown =>
  JSON.parse(`{ "if": [${condition}], "then": [{ "delay": "${delay}" }] }`);
const rule = {
  id: "r",
  triggers: [{ time: "07:30" }],
  actions: [ifElse('{ "not": { "clock": "trusted" } }', "5m")],
};

describe("as any validator of JSON Schema reads them", () => {
  const ruleFile = Compile(rules as TSchema);
  const testFile = Compile(tests as TSchema);
  test("they take what is right", () => {
    expect(ruleFile.Check([rule])).toBe(true);
    expect(testFile.Check([{ test: "t", when: [{ power_cut: "1h", clock: "untrusted" }] }])).toBe(true);
    expect(testFile.Check({ start: "07:30", tests: [{ test: "t" }] })).toBe(true);
  });
  test.each<[string, unknown]>([
    ["a rule that is no list", rule],
    ["an unknown key", [{ ...rule, trigger: [] }]],
    ["a wrong duration deep inside", [{ ...rule, actions: [ifElse('{ "clock": "trusted" }', "5")] }]],
    ["a condition of no kind", [{ ...rule, actions: [ifElse('{ "not": {} }', "5m")] }]],
    ["a variable with a bad name", [{ ...rule, variables: { "a-b": 1 } }]],
  ])("they refuse %s", (_name, file) => {
    expect(ruleFile.Check(file)).toBe(false);
  });
  test.each<[string, unknown]>([
    ["an unknown key beside the tests", { tests: [], things_: {} }],
    ["an unknown step", [{ test: "t", when: [{ sleep: "1h" }] }]],
    ["an unknown check", JSON.parse('{ "tests": [{ "test": "t", "then": [{ "comand": {} }] }] }')],
  ])("they refuse %s", (_name, file) => {
    expect(testFile.Check(file)).toBe(false);
  });
});

describe.each([
  ["rules", rules],
  ["tests", tests],
])("the schema of %s", (_name, schema) => {
  const all = [...nodes(schema)];

  test("points into itself, and names nothing twice", () => {
    const references = all.flatMap(({ $ref }) => (typeof $ref === "string" ? [$ref] : []));
    expect(references.length).toBeGreaterThan(1);
    for (const reference of references) {
      expect(Object.keys(schema.$defs ?? {})).toContain(reference.replace("#/$defs/", ""));
    }
    expect(all.some((node) => "$id" in node)).toBe(false);
  });
  test("has Markdown where a description has code", () => {
    const coded = all.filter(
      ({ description }) => typeof description === "string" && description.includes("`"),
    );
    expect(coded.length).toBeGreaterThan(5);
    for (const { description, markdownDescription } of coded) expect(markdownDescription).toBe(description);
  });
});

test("every word that makes a trigger, a condition or an action says what it does", () => {
  const silent = ["trigger", "condition", "action"].flatMap((part) =>
    (rules.$defs?.[part]?.anyOf ?? []).flatMap(({ properties, required: [word = ""] = [] }) =>
      properties?.[word]?.description === undefined ? [`${part} ${word}`] : [],
    ),
  );
  expect(silent).toEqual([]);
});

function* nodes(value: unknown): Generator<Node> {
  if (typeof value !== "object" || value === null) return;
  yield value as Node;
  for (const inner of Object.values(value)) yield* nodes(inner);
}
