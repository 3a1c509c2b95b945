import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Json, jsonEqual } from "../json.ts";
import { checkValue, type DataSchema } from "../thing.ts";
import { decodeHomieValue, encodeHomieValue, homieDatatype } from "./value.ts";

/** Any UTF-16 code unit: also control characters and halves of pairs. */
const character = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));

const two = (max: number) => fc.integer({ min: 0, max }).map((it) => String(it).padStart(2, "0"));
const day = fc.integer({ min: 1, max: 28 }).map((it) => String(it).padStart(2, "0"));
const month = fc.integer({ min: 1, max: 12 }).map((it) => String(it).padStart(2, "0"));
const byte = fc.integer({ min: 0, max: 255 });
const zone = fc.constantFrom("Z", "+07:00", "-0330", "");
const part = (max: number) =>
  fc.double({ min: 0, max, noNaN: true }).map((it) => String(Math.abs(it)).replace("e+", "e"));

/** For each datatype a schema and values that it allows. */
const CASES: Record<string, readonly [DataSchema, fc.Arbitrary<Json>]> = {
  integer: [{ type: "integer" }, fc.maxSafeInteger()],
  "integer with a step": [
    { type: "integer", minimum: -10, multipleOf: 5 },
    fc.integer({ min: -10, max: 99 }),
  ],
  float: [{ type: "number" }, fc.double({ noNaN: true, noDefaultInfinity: true })],
  "float with a step": [{ type: "number", multipleOf: 0.1 }, fc.double({ min: -100, max: 100, noNaN: true })],
  boolean: [{ type: "boolean" }, fc.boolean()],
  string: [{ type: "string" }, fc.string({ unit: character }).filter((text) => text !== "\u0000")],
  enum: [{ type: "string", enum: ["on", "half on", "off"] }, fc.constantFrom("on", "half on", "off")],
  color: [
    { type: "string", format: "color" },
    fc.oneof(
      fc.tuple(byte, byte, byte).map(([r, g, b]) => `rgb,${r},${g},${b}`),
      fc
        .tuple(fc.integer({ min: 0, max: 360 }), fc.nat(100), fc.nat(100))
        .map((hsv) => `hsv,${hsv.join(",")}`),
      fc.tuple(part(1), part(1)).map(([x, y]) => `xyz,${x},${y}`),
      fc.tuple(part(360), part(100), part(100)).map((hsv) => `hsv,${hsv.join(",")}`),
    ),
  ],
  "color in one format": [
    { type: "string", format: "color", colorFormats: ["hsv"] },
    fc.tuple(part(360), part(100), part(100)).map((hsv) => `hsv,${hsv.join(",")}`),
  ],
  "boolean with labels": [{ type: "boolean", labels: ["shut", "open"] }, fc.boolean()],
  "a list of values that Homie cannot write": [
    { type: "string", enum: ["", "a,b", "c"] },
    fc.constantFrom("", "a,b", "c"),
  ],
  datetime: [
    { type: "string", format: "date-time" },
    fc
      .tuple(fc.integer({ min: 1000, max: 9999 }), month, day, two(23), two(59), two(60), zone)
      .map(([y, mo, d, h, m, s, z]) => `${y}-${mo}-${d}T${h}:${m}:${s}${z}`),
  ],
  duration: [
    { type: "string", format: "duration" },
    fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map(([h, m, s]) => `PT${h}H${m}M${s}.5S`),
  ],
  "json object": [
    { type: "object" },
    fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })) as fc.Arbitrary<Json>,
  ],
  "json array": [{ type: "array" }, fc.array(fc.jsonValue({ maxDepth: 4 })) as fc.Arbitrary<Json>],
  "json of either kind": [
    { type: "object", orArray: true },
    fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())) as fc.Arbitrary<Json>,
  ],
  "json with a schema": [
    {
      type: "object",
      required: ["level"],
      properties: {
        level: { type: "number", minimum: 0, maximum: 1 },
        names: { type: "array", items: { type: "string", maxLength: 4 }, maxItems: 3 },
      },
    },
    fc.record(
      {
        level: fc.double({ min: 0, max: 1, noNaN: true }),
        names: fc.array(fc.string({ maxLength: 4 }), { maxLength: 3 }),
        more: fc.jsonValue(),
      },
      { requiredKeys: ["level"] },
    ) as fc.Arbitrary<Json>,
  ],
};

test.each(Object.entries(CASES))(
  "%s: what is written is read as the same value",
  (_name, [schema, values]) => {
    fc.assert(
      fc.property(values, (value) => {
        const checked = checkValue(schema, value);
        if (!checked.ok) throw new Error(checked.problem);
        const payload = encodeHomieValue(schema, checked.value);
        expect(payload).not.toBe(""); // MQTT would delete the topic.
        const decoded = decodeHomieValue(schema, payload);
        expect(decoded.ok && jsonEqual(decoded.value, checked.value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  },
);

test("what is read and written again is canonical: written once more it is the same", () => {
  const schema = fc.constantFrom(...Object.values(CASES).map(([schema]) => schema));
  const digits = fc.stringMatching(/^-?[0-9]{1,6}(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?$/);
  const payload = fc.oneof(
    digits,
    fc.string(),
    fc.json(),
    fc.constantFrom("true", "false", "\u0000", "-0", "PT01H"),
  );
  fc.assert(
    fc.property(schema, payload, (schema, payload) => {
      const decoded = decodeHomieValue(schema, payload);
      if (!decoded.ok) return;
      const canonical = encodeHomieValue(schema, decoded.value);
      const again = decodeHomieValue(schema, canonical);
      expect(again.ok && jsonEqual(again.value, decoded.value)).toBe(true);
      expect(again.ok && encodeHomieValue(schema, again.value)).toBe(canonical);
    }),
    { numRuns: 2_000 },
  );
});

test.each<[DataSchema, Json, string]>([
  [{ type: "number" }, 1e21, "1e21"],
  [{ type: "number" }, 5e-324, "5e-324"],
  [{ type: "number" }, -2.5e300, "-2.5e300"],
  [{ type: "string", format: "duration" }, "P1DT2H", "PT26H"],
  [{ type: "string", format: "duration" }, "P0.5D", "PT12H"],
  [{ type: "string", format: "duration" }, "P2DT1M0.5S", "PT48H1M0.5S"],
  [{ type: "string", format: "duration" }, "P1M", "P1M"],
  [{ type: "boolean", labels: ["off", "on"] }, true, "true"],
])("%j writes %j as %s", (schema, value, payload) => {
  expect(encodeHomieValue(schema, value)).toBe(payload);
});

test('numbers are written as Homie 5.0 "Float" and "Integer" allow, without a plus', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.maxSafeInteger(),
      (float, integer) => {
        expect(encodeHomieValue({ type: "number" }, float)).toMatch(/^-?\d+(\.\d+)?(e-?\d+)?$/);
        expect(encodeHomieValue({ type: "integer" }, integer)).toMatch(/^-?\d+$/);
      },
    ),
  );
});

test.each<[DataSchema, string]>([
  [{ type: "integer" }, "integer"],
  [{ type: "number" }, "float"],
  [{ type: "boolean" }, "boolean"],
  [{ type: "string" }, "string"],
  [{ type: "string", enum: ["a"] }, "enum"],
  [{ type: "string", enum: ["a", "a"] }, "string"],
  [{ type: "string", enum: ["a", ""] }, "string"],
  [{ type: "string", enum: ["a,b"] }, "string"],
  [{ type: "string", format: "color" }, "color"],
  [{ type: "string", format: "date-time" }, "datetime"],
  [{ type: "string", format: "duration" }, "duration"],
  [{ type: "string", format: "uri" }, "string"],
  [{ type: "object" }, "json"],
  [{ type: "array" }, "json"],
])("%j travels as %s", (schema, datatype) => {
  expect(homieDatatype(schema)).toBe(datatype);
});

test.each<[DataSchema, string, Json]>([
  [{ type: "integer" }, "-0", 0],
  [{ type: "number" }, "-0.0", 0],
  [{ type: "number" }, "1e-3", 0.001],
  [{ type: "number" }, "21.50", 21.5],
  [{ type: "string" }, "\u0000", ""],
  [{ type: "string" }, " ", " "],
  [{ type: "number" }, "1e+3", 1_000],
  [{ type: "string", format: "color" }, "rgb,100.5,3e1,0", "rgb,100.5,3e1,0"],
  [{ type: "string", format: "date-time" }, "2028-02-29T12:00Z", "2028-02-29T12:00Z"],
  [{ type: "object", orArray: true }, "[1]", [1]],
  [{ type: "object" }, '{"__proto__":1}', JSON.parse('{"__proto__":1}')],
])("%j reads %j", (schema, payload, value) => {
  expect(decodeHomieValue(schema, payload)).toEqual({ ok: true, value });
});

const HOSTILE = [
  "NaN",
  "1e400",
  "-1e999",
  "Infinity",
  "-Infinity",
  "0x10",
  "\u0000",
  " ",
  "",
  "null",
  "1,5",
  "1_000",
  "[]",
];

test("an integer that would lose digits is refused as it was written", () => {
  expect(decodeHomieValue({ type: "integer" }, "9007199254740993")).toEqual({
    ok: false,
    problem: 'expected an integer of fewer digits, found "9007199254740993"',
  });
});

describe("hostile payloads are refused with a sentence", () => {
  test.each<[string, DataSchema, readonly string[]]>([
    [
      "integer",
      { type: "integer" },
      [...HOSTILE, "1.0", "+1", "9".repeat(17), "9".repeat(100_000), "1e3", " 1"],
    ],
    ["float", { type: "number" }, [...HOSTILE, ".5", "5.", "+1.0", "1e", "9".repeat(400), "1 "]],
    ["boolean", { type: "boolean" }, [...HOSTILE, "TRUE", "1", "true "]],
    ["enum", { type: "string", enum: ["on", "off"] }, [...HOSTILE, "ON", "on,off", "constructor"]],
    [
      "color",
      { type: "string", format: "color" },
      [...HOSTILE, "rgb,1,2", "rgb,256,0,0", "hsv,361,0,0", "xyz,2,0", "rgb,-1,0,0", "rgb, 1,2,3"],
    ],
    [
      "color that is not offered",
      { type: "string", format: "color", colorFormats: ["rgb"] },
      ["hsv,1,2,3", "xyz,0.1,0.1", "rgb,1,2,3,4", "rgb,1,2,3,", `rgb,1,2,0.${"1".repeat(100_000)}`],
    ],
    [
      "datetime",
      { type: "string", format: "date-time" },
      [
        ...HOSTILE,
        "2026-01-05",
        "2026-02-32T00:00Z",
        "2026-02-29T00:00Z",
        "2026-04-31T00:00Z",
        "now",
        "2026-01-05T00:00+99:99",
        "2026-01-05T00:00-24:00",
        "2026-01-05T00:00+0760",
      ],
    ],
    [
      "duration",
      { type: "string", format: "duration" },
      [...HOSTILE, "P", "PT", "P1H", "PT1H1H", "-PT1H", "12"],
    ],
    [
      "object",
      { type: "object" },
      [
        "",
        "{",
        "[]",
        "1",
        "NaN",
        '{"a":1e400}',
        "{'a':1}",
        `{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
        `{}${" ".repeat(70_000)}`,
        `{"a":"${"x".repeat(16_400)}"}`,
      ],
    ],
    [
      "array",
      { type: "array" },
      ["", "[", "{}", "[NaN]", "[1e400]", "[".repeat(50_000) + "]".repeat(50_000)],
    ],
    ["string", { type: "string" }, ["", "x".repeat(4_097)]],
  ])("%s", (_name, schema, payloads) => {
    for (const payload of payloads) {
      const decoded = decodeHomieValue(schema, payload);
      expect([payload.slice(0, 20), decoded]).toEqual([
        payload.slice(0, 20),
        { ok: false, problem: expect.stringMatching(/^.{10,200}$/) },
      ]);
    }
  });

  test("a number in the wrong range, or not on its type", () => {
    const schema: DataSchema = { type: "number", minimum: 0, maximum: 50 };
    expect(decodeHomieValue(schema, "50.1")).toEqual({
      ok: false,
      problem: "expected at most 50, found 50.1",
    });
    expect(decodeHomieValue(schema, "-1")).toEqual({ ok: false, problem: "expected at least 0, found -1" });
  });
});

test("whatever bytes come, what is accepted passes the schema again", () => {
  const schema = fc.constantFrom(...Object.values(CASES).map(([schema]) => schema));
  const payload = fc.oneof(
    fc.string({ unit: character }),
    fc.json(),
    fc.double().map(String),
    fc.constantFrom(...HOSTILE),
  );
  fc.assert(
    fc.property(schema, payload, (schema, payload) => {
      const decoded = decodeHomieValue(schema, payload);
      if (decoded.ok) expect(checkValue(schema, decoded.value)).toEqual(decoded);
    }),
    { numRuns: 1_000 },
  );
});
