import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../json.ts";
import { checkValue, DataSchema } from "../thing.ts";
import { Compile } from "../validator.ts";
import { readJsonFormat, writeJsonFormat } from "./json-format.ts";

const validator = Compile(DataSchema);
const ANY: DataSchema = { type: "object", orArray: true };

test.each<[string, string | undefined, DataSchema]>([
  ["none", undefined, ANY],
  ["no JSON", "{", ANY],
  ["the default of the convention", '{"anyOf":[{"type":"array"},{"type":"object"}]}', ANY],
  ["a type that Homie has a datatype for", '{"type":"string"}', ANY],
  ["several types", '{"type":["object","null"]}', ANY],
  ["a reference", '{"type":"object","$ref":"#/definitions/room","definitions":{}}', ANY],
  ["a large one", `{"type":"object","title":"${"x".repeat(20_000)}"}`, ANY],
  [
    "a pattern",
    '{"type":"array","items":{"type":"string","pattern":"(a+)+$"}}',
    { type: "array", items: { type: "string" } },
  ],
  ["entries one by one", '{"type":"array","prefixItems":[{}],"items":{"type":"string"}}', { type: "array" }],
  ["entries one by one, as before 2020", '{"type":"array","items":[{"type":"string"}]}', { type: "array" }],
  [
    "closed",
    '{"type":"object","patternProperties":{"^x":{}},"additionalProperties":false}',
    { type: "object" },
  ],
  [
    "parts that stand for others",
    '{"type":"object","properties":{"a":{"$ref":"#"},"b":{"type":"null"},"c":true}}',
    { type: "object", properties: { b: { type: "null" } } },
  ],
  ["a bound of draft 4", '{"type":"array","minItems":"1","maxItems":-1}', { type: "array" }],
  [
    "a name that is long",
    `{"type":"object","required":["a","${"x".repeat(300)}"],"properties":{"${"x".repeat(300)}":{"type":"null"}}}`,
    { type: "object" },
  ],
  [
    "no values at all",
    '{"type":"array","items":{"type":"string","enum":[]}}',
    { type: "array", items: { type: "string" } },
  ],
  [
    "values of several types",
    '{"type":"array","items":{"type":"string","enum":["a",1]}}',
    { type: "array", items: { type: "string" } },
  ],
])("%s", (_name, format, schema) => {
  expect(readJsonFormat(format)).toEqual(schema);
});

test("too many parts: only the kind of the whole is checked", () => {
  const properties = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`p${i}`, { type: "null" }]));
  expect(readJsonFormat(JSON.stringify({ type: "object", properties }))).toEqual({ type: "object" });
});

test("below the deepest level anything goes", () => {
  const text = `${'{"type":"array","items":'.repeat(200)}{"type":"null"}${"}".repeat(200)}`;
  let value: Json = 1;
  for (let level = 0; level < 10; level++) value = [value];
  expect(checkValue(readJsonFormat(text), value)).toEqual({ ok: true, value });
  expect(checkValue(readJsonFormat(text), [1])).toMatchObject({ ok: false });
});

describe("whatever schema comes", () => {
  const part = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<Json[]>(
      "object",
      "array",
      "string",
      ["a"],
      1,
      -1,
      { type: "string" },
      { a: { type: "integer" } },
    ),
  );
  const schema = fc.record(
    {
      type: fc.constantFrom("object", "array", "string"),
      properties: part,
      required: part,
      items: part,
      minItems: part,
      maxItems: part,
      enum: part,
      title: part,
      minimum: part,
    },
    { requiredKeys: ["type"] },
  );

  test("what is read of it is valid, is written as it is read, and does not make the check throw", () => {
    fc.assert(
      fc.property(schema, fc.jsonValue(), (schema, value) => {
        const read = readJsonFormat(JSON.stringify(schema));
        expect([...validator.Errors(read)]).toEqual([]);
        expect(readJsonFormat(writeJsonFormat(read))).toEqual(read);
        checkValue(read, value as Json);
      }),
      { numRuns: 1_000 },
    );
  });
});
