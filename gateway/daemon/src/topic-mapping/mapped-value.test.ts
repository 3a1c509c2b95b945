import type { Json, PropertyAffordance } from "@tram/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Template } from "../home-assistant/template/template.ts";
import { meaning, pick, type Spelling, spelled } from "./mapped-value.ts";

const as = (type: PropertyAffordance["type"], more: Partial<Spelling> = {}): Spelling => ({
  affordance: { type },
  scale: 1,
  offset: 0,
  ...more,
});
const value = (said: Json, spelling: Spelling): Json | undefined => {
  const decoded = meaning(said, spelling);
  return decoded.ok ? decoded.value : `! ${decoded.problem}`;
};

test.each<[Json, Spelling, Json]>([
  ["31", as("number"), 31],
  [" -0.5e1\n", as("number"), -5],
  [".5", as("number"), 0.5],
  [7, as("integer"), 7],
  ["ON", as("boolean"), true],
  ["0", as("boolean"), false],
  [false, as("boolean"), false],
  [0, as("boolean"), false],
  ["  text ", as("string"), "  text "],
  [5, as("string"), "5"],
  ['{"a":1}', as("object"), { a: 1 }],
  ["[1]", as("array"), [1]],
  ["29", as("number", { scale: 0.1 }), 2.9],
  ["100", as("number", { scale: 1.8, offset: 32 }), 212],
  ["OPEN ", as("boolean", { words: new Map([["OPEN", true]]) }), true],
  [1, as("string", { words: new Map([["1", "low"]]) }), "low"],
])("%j is read", (said, spelling, expected) => {
  expect(value(said, spelling)).toEqual(expected);
});

test.each<[Json, Spelling, string]>([
  ["NaN", as("number"), 'expected a number, found "NaN"'],
  ["Infinity", as("number"), 'expected a number, found "Infinity"'],
  ["1e400", as("number"), 'expected a number, found "1e400"'],
  ["0x1f", as("number"), 'expected a number, found "0x1f"'],
  ["1,5", as("number"), 'expected a number, found "1,5"'],
  ["", as("number"), 'expected a number, found ""'],
  [true, as("number"), "expected a number, found true"],
  ["2", as("boolean"), 'expected true or false, on or off, 1 or 0, found "2"'],
  ["[1]", as("object"), 'expected JSON, an object, found "[1]"'],
  ["{", as("array"), 'expected JSON, an array, found "{"'],
  ["OPEN", as("boolean", { words: new Map([["AUF", true]]) }), 'expected one of AUF, found "OPEN"'],
])("%j is refused", (said, spelling, problem) => {
  expect(value(said, spelling)).toBe(`! ${problem}`);
});

test("a number that is scaled for the device comes back as it was", () => {
  const spelling = as("number", { scale: 0.1, offset: -40 });
  fc.assert(
    fc.property(fc.integer({ min: -1e6, max: 1e6 }), (tenths) => {
      const number = Number((tenths / 10).toFixed(1));
      expect(value(spelled(number, spelling) as Json, spelling)).toBe(number);
    }),
  );
});

test.each(['{"t":null}', "{}", ""])("a template finds nothing in %j", (payload) => {
  const template = Template.read("{{ value_json.t }}");
  if (typeof template === "string") throw new Error(template);
  expect(pick(payload, { template })).toBe("absent");
  expect(pick('{"t":1}', { template })).toEqual({ found: "1" });
});

test("a template makes a number of what people write with a comma", () => {
  const template = Template.read("{{ value | replace(',', '.') }}");
  if (typeof template === "string") throw new Error(template);
  expect(pick("31,5", { template })).toEqual({ found: "31.5" });
});

test("words go both ways", () => {
  const words = new Map<string, Json>([
    ["ON", true],
    ["OFF", false],
  ]);
  expect([true, false, "x"].map((each) => spelled(each, as("boolean", { words })))).toEqual([
    "ON",
    "OFF",
    undefined,
  ]);
});

test("whatever a payload is, it is a value of the type, silence, or a sentence", () => {
  const types = fc.constantFrom("boolean", "integer", "number", "string", "object", "array") as fc.Arbitrary<
    PropertyAffordance["type"]
  >;
  const payload = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.json(), fc.double().map(String));
  const path = fc.option(
    fc.array(fc.oneof(fc.constantFrom("a", "__proto__", "length"), fc.nat(3)), { minLength: 1 }),
    {
      nil: undefined,
    },
  );
  fc.assert(
    fc.property(types, payload, path, (type, text, place) => {
      const said = pick(text, place === undefined ? {} : { path: place });
      if (said === "absent" || "problem" in said) return;
      const decoded = meaning(said.found, as(type));
      if (!decoded.ok) {
        expect(decoded.problem).toMatch(/^expected /);
        return;
      }
      const kind = Array.isArray(decoded.value) ? "array" : typeof decoded.value;
      expect(kind).toBe(type === "integer" ? "number" : type);
      if (kind === "number") expect(decoded.value).toSatisfy(Number.isFinite);
    }),
    { numRuns: 1_000 },
  );
});

test("a payload of digits, or of white space, is no number, and that is seen at once", () => {
  for (const payload of [`${"1".repeat(1_000_000)}x`, `1${" ".repeat(1_000_000)}x`]) {
    expect(value(payload, as("number"))).toMatch(/^! expected a number, found "1/);
  }
  expect(value("9007199254740993", as("integer"))).toBe(
    '! expected a number of fewer digits, found "9007199254740993"',
  );
});

test.each(["boolean", "number", "string", "object"] as const)("JSON that nests too deep is no %s", (type) => {
  const payload = `{"state":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
  expect(pick(payload, { path: ["state"] })).toEqual({
    problem: expect.stringMatching(/^expected JSON, found /),
  });
  expect(JSON.stringify(value(payload, as(type)) ?? null).length).toBeLessThan(200);
});
