import { describe, expect, test } from "vitest";
import type { Json } from "./json.ts";
import { areValueSchemas, isValueSchema, partProblem, type ValueSchema } from "./value-schema.ts";

const ROOM: ValueSchema = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 8 },
    mode: { type: "string", enum: ["eco", "comfort"] },
    level: { type: "integer", minimum: 0, maximum: 10 },
    windows: {
      type: "array",
      minItems: 1,
      maxItems: 2,
      items: { type: "object", properties: { open: { type: "boolean" } } },
    },
    more: {},
    nothing: { type: "null" },
  },
};

describe("a value and the schema of its parts", () => {
  test.each<[string, Json]>([
    [
      "all of it",
      { name: "hall", mode: "eco", level: 3, windows: [{ open: true }], more: [1], nothing: null },
    ],
    ["members that the schema does not name", { name: "hall", other: { deep: [1] } }],
    ["a member named like one of all objects", JSON.parse('{"name":"hall","__proto__":1,"constructor":2}')],
  ])("fit: %s", (_name, value) => {
    expect(partProblem(ROOM, value)).toBeUndefined();
  });

  test.each<[Json, string]>([
    [{}, "name is missing"],
    [{ name: "" }, 'name: expected at least 1 characters, found ""'],
    [{ name: "a very long name" }, 'name: expected at most 8 characters, found "a very long name"'],
    [{ name: "hall", mode: "off" }, 'mode: expected one of eco, comfort, found "off"'],
    [{ name: "hall", level: 1.5 }, "level: expected integer, found 1.5"],
    [{ name: "hall", level: -1 }, "level: expected at least 0, found -1"],
    [{ name: "hall", level: 11 }, "level: expected at most 10, found 11"],
    [{ name: "hall", windows: [] }, "windows: expected at least 1 entries, found 0"],
    [{ name: "hall", windows: [{}, {}, {}] }, "windows: expected at most 2 entries, found 3"],
    [{ name: "hall", windows: [{}, { open: 1 }] }, "windows[1].open: expected boolean, found 1"],
    [{ name: "hall", nothing: 0 }, "nothing: expected null, found 0"],
    [[], "expected object, found []"],
  ])("%j: %s", (value, problem) => {
    expect(partProblem(ROOM, value)).toBe(problem);
  });
});

function nested(levels: number): object {
  return levels === 0 ? { type: "string" } : { type: "array", items: nested(levels - 1) };
}

describe("schemas", () => {
  test("within the limits are taken", () => {
    expect(isValueSchema(ROOM)).toBe(true);
    expect(isValueSchema(nested(7))).toBe(true);
    expect(areValueSchemas(ROOM.properties)).toBe(true);
  });

  test.each<[string, unknown]>([
    ["a list", []],
    ["a word", "string"],
    ["no type of JSON", { type: "float" }],
    ["a pattern", { type: "string", pattern: "(a+)+$" }],
    ["a reference", { $ref: "#" }],
    ["a combination", { anyOf: [{ type: "string" }] }],
    ["a bound that is none", { type: "number", minimum: Number.NaN }],
    ["a length below 0", { type: "string", maxLength: -1 }],
    ["an enumeration of numbers", { type: "string", enum: [1] }],
    ["a long enumeration", { type: "string", enum: Array.from({ length: 65 }, String) }],
    ["a long word", { title: "x".repeat(257) }],
    ["nine levels", nested(8)],
    ["an abyss", JSON.parse(`${'{"items":'.repeat(50_000)}{}${"}".repeat(50_000)}`)],
    [
      "too many parts",
      {
        type: "object",
        properties: Object.fromEntries(Array.from({ length: 128 }, (_, i) => [`p${i}`, {}])),
      },
    ],
  ])("refused: %s", (_name, schema) => {
    expect(isValueSchema(schema)).toBe(false);
  });
});
