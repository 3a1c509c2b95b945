import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "./json.ts";
import { checkValue, type DataSchema, isAway, roundToStep, Thing, VALUE_LEVELS } from "./thing.ts";
import { Compile } from "./validator.ts";

describe("checkValue", () => {
  test.each<[string, DataSchema, Json, Json]>([
    ["a boolean", { type: "boolean" }, false, false],
    ["a text", { type: "string" }, "", ""],
    ["a member of the enumeration", { type: "string", enum: ["on", "off"] }, "off", "off"],
    ["an integer", { type: "integer" }, -3, -3],
    ["a number at its minimum", { type: "number", minimum: 5, maximum: 30 }, 5, 5],
    ["a number at its maximum", { type: "number", minimum: 5, maximum: 30 }, 30, 30],
    [
      "a number that the step brings into the range",
      { type: "number", maximum: 30, multipleOf: 1 },
      30.4,
      30,
    ],
    ["a number of an integer's step", { type: "integer", multipleOf: 5 }, 12, 10],
    ["an object", { type: "object" }, { a: [1] }, { a: [1] }],
    ["a list", { type: "array" }, [{}], [{}]],
    ["a list where both may be", { type: "object", orArray: true }, [{}], [{}]],
    ["an object where both may be", { type: "object", orArray: true }, { a: 1 }, { a: 1 }],
    ["a colour", { type: "string", format: "color" }, "hsv,360,100,0", "hsv,360,100,0"],
    [
      "a moment",
      { type: "string", format: "date-time" },
      "2026-02-28T23:59:60.5+07:00",
      "2026-02-28T23:59:60.5+07:00",
    ],
    ["a duration", { type: "string", format: "duration" }, "PT12H5M46S", "PT12H5M46S"],
    ["any text in a format that is not known", { type: "string", format: "constructor" }, "x", "x"],
  ])("takes %s", (_name, schema, value, taken) => {
    expect(checkValue(schema, value)).toEqual({ ok: true, value: taken });
  });

  test.each<[DataSchema, Json, string]>([
    [{ type: "boolean" }, "true", 'expected boolean, found "true"'],
    [{ type: "boolean" }, 1, "expected boolean, found 1"],
    [{ type: "string" }, 1, "expected string, found 1"],
    [{ type: "string", enum: ["on", "off"] }, "ON", 'expected one of on, off, found "ON"'],
    [{ type: "number" }, "31", 'expected number, found "31"'],
    [{ type: "number" }, null, "expected number, found null"],
    [{ type: "number" }, Number.NaN, "expected number, found NaN"],
    [{ type: "number" }, Number.POSITIVE_INFINITY, "expected number, found Infinity"],
    [{ type: "integer" }, 1.5, "expected integer, found 1.5"],
    [{ type: "integer" }, 2 ** 53, "expected integer, found 9007199254740992"],
    [{ type: "number", minimum: 5 }, 4.9, "expected at least 5, found 4.9"],
    [{ type: "number", maximum: 30, multipleOf: 1 }, 30.6, "expected at most 30, found 30.6"],
    [{ type: "object" }, [], "expected object, found []"],
    [{ type: "object" }, null, "expected object, found null"],
    [{ type: "object", orArray: true }, "x", 'expected object or array, found "x"'],
    [
      { type: "string", format: "color", colorFormats: ["hsv", "rgb"] },
      "xyz,0,0",
      'expected a colour as hsv, rgb, found "xyz,0,0"',
    ],
    [{ type: "object", required: ["a"] }, {}, "a is missing"],
    [{ type: "array", items: { type: "null" } }, [null, 1], "[1]: expected null, found 1"],
    [{ type: "array" }, { length: 0 }, 'expected array, found {"length":0}'],
    [
      { type: "string", format: "color" },
      "rgb,256,0,0",
      'expected a colour such as rgb,255,100,0, found "rgb,256,0,0"',
    ],
    [{ type: "string", format: "color" }, "red", 'expected a colour such as rgb,255,100,0, found "red"'],
    [
      { type: "string", format: "date-time" },
      "2026-13-01T00:00:00Z",
      'expected an ISO 8601 date and time, found "2026-13-01T00:00:00Z"',
    ],
    [
      { type: "string", format: "duration" },
      "PT",
      'expected an ISO 8601 duration such as PT12H5M46S, found "PT"',
    ],
  ])("%j refuses %j", (schema, value, problem) => {
    expect(checkValue(schema, value)).toEqual({ ok: false, problem });
  });

  test("a zero has no sign, so that `-0.0` from a device is the 0 of a command", () => {
    expect(checkValue({ type: "number" }, -0)).toEqual({ ok: true, value: 0 });
    expect(checkValue({ type: "number", multipleOf: 0.5 }, -0.1)).toEqual({ ok: true, value: 0 });
    expect(checkValue({ type: "number", maximum: 0.3, multipleOf: 0.1 }, 0)).toEqual({ ok: true, value: 0 });
  });

  test("what nests deeper than the stack is refused by every type, in one short sentence", () => {
    const abyss: Json = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
    for (const type of ["boolean", "integer", "number", "string", "object", "array"] as const) {
      const check = checkValue({ type }, type === "object" ? { abyss } : abyss);
      expect(check).toMatchObject({ ok: false, problem: expect.stringMatching(/^.{1,120}$/) });
    }
    let nest: Json = 1;
    for (let level = 0; level < VALUE_LEVELS; level++) nest = [nest];
    expect(checkValue({ type: "array" }, nest).ok).toBe(true);
    expect(checkValue({ type: "array" }, [nest]).ok).toBe(false);
  });

  test.each<[DataSchema, (characters: number) => Json, number]>([
    [{ type: "string" }, (characters) => "x".repeat(characters), 4_096],
    [{ type: "string", format: "color" }, (characters) => "x".repeat(characters), 4_096],
    [{ type: "object" }, (characters) => ({ a: "x".repeat(characters - 8) }), 16_384],
    [{ type: "array" }, (characters) => Array(Math.floor((characters - 1) / 2)).fill(7), 16_384],
  ])("%j has so many characters and no more", (schema, valueWith, most) => {
    expect(checkValue(schema, valueWith(most + 2))).toMatchObject({
      problem: expect.stringMatching(new RegExp(`^expected at most ${most} characters, found \\d+$`)),
    });
    const kept = checkValue(schema, valueWith(most));
    expect("problem" in kept ? kept.problem : "").not.toContain("at most");
  });

  test("what is wrong is told in a line, also where it could be told in a page", () => {
    const words = Array.from({ length: 256 }, (_, at) => `${at}`.padEnd(128, "x"));
    const check = checkValue({ type: "string", enum: words }, "y");
    expect("problem" in check ? check.problem.length : 0).toBe(300);
  });

  test("what JSON cannot carry is refused inside an object", () => {
    expect(checkValue({ type: "object" }, { at: new Date(0) } as unknown as Json).ok).toBe(false);
    expect(checkValue({ type: "object" }, { a: Number.NaN }).ok).toBe(false);
  });
});

/** Numbers as a device writes them: at most three digits after the point. */
const decimal = (min: number, max: number) =>
  fc.integer({ min: min * 1_000, max: max * 1_000 }).map((thousandths) => thousandths / 1_000);
const step = fc.oneof(fc.constantFrom(0.1, 0.2, 0.3, 0.01, 0.05, 0.25, 1, 5, 10, 1e-7), decimal(1, 50));

describe("the step", () => {
  test.each<[number, Partial<DataSchema>, number]>([
    [0.30000000000000004, { multipleOf: 0.1 }, 0.3],
    [21.449, { multipleOf: 0.1 }, 21.4],
    [7, { multipleOf: 5 }, 5],
    [7, { minimum: 4, multipleOf: 5 }, 9],
    [7, { maximum: 9, multipleOf: 5 }, 9],
    [6, { maximum: 9, multipleOf: 5 }, 4],
    [3.2e-20, { multipleOf: 1e-20 }, 3e-20],
    [1e300, { multipleOf: 0.1 }, 1e300],
    [1e308, { multipleOf: 0.1 }, 1e308],
  ])("rounds %d by %j to %d", (value, schema, rounded) => {
    expect(roundToStep({ type: "number", ...schema }, value)).toBe(rounded);
  });

  const schemas = fc
    .record({
      type: fc.constant("number" as const),
      minimum: fc.option(decimal(-500, 0), { nil: undefined }),
      maximum: fc.option(decimal(1, 500), { nil: undefined }),
      multipleOf: fc.option(step, { nil: undefined }),
    })
    .map((schema) => Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined)))
    .map((schema) => schema as unknown as DataSchema);

  test("rounds once and for all, to at most half a step away", () => {
    fc.assert(
      fc.property(schemas, decimal(-10_000, 10_000), (schema, value) => {
        const rounded = roundToStep(schema, value);
        expect(roundToStep(schema, rounded)).toBe(rounded);
        expect(Math.abs(rounded - value)).toBeLessThanOrEqual((schema.multipleOf ?? 0) / 2 + 1e-9);
      }),
      { numRuns: 500 },
    );
  });

  test("what is accepted is finite, in the range, and accepted as it is", () => {
    fc.assert(
      fc.property(schemas, fc.oneof(fc.double(), decimal(-600, 600)), (schema, value) => {
        const checked = checkValue(schema, value);
        if (!checked.ok) return;
        expect(Number.isFinite(checked.value)).toBe(true);
        expect(checked.value).toBeGreaterThanOrEqual(schema.minimum ?? -Infinity);
        expect(checked.value).toBeLessThanOrEqual(schema.maximum ?? Infinity);
        expect(checkValue(schema, checked.value)).toEqual(checked);
      }),
      { numRuns: 500 },
    );
  });

  test("a decimal on a grid of tenths reads as it was written", () => {
    fc.assert(
      fc.property(fc.integer({ min: -9_999, max: 9_999 }), (tenths) => {
        const written = tenths / 10;
        const noisy = tenths * 0.1;
        expect(checkValue({ type: "number", multipleOf: 0.1 }, noisy)).toEqual({
          ok: true,
          value: written === 0 ? 0 : written,
        });
      }),
    );
  });
});

describe("the schema of a Thing", () => {
  const validator = Compile(Thing);
  const lamp = { id: "lamp", title: "Lamp", properties: { "light/on": { type: "boolean" } } };

  test.each<[string, unknown]>([
    ["the smallest", { id: "a", title: "", properties: {} }],
    ["a lamp", lamp],
    ["one with everything", { ...lamp, nodes: { light: { title: "Light" } }, actions: { blink: {} } }],
  ])("takes %s", (_name, thing) => {
    expect(validator.Check(thing)).toBe(true);
  });

  test.each<[string, unknown]>([
    ["an unknown member", { ...lamp, forms: [] }],
    ["a property whose key is not node/name", { ...lamp, properties: { "BAD KEY": { type: "boolean" } } }],
    ["a property named __proto__", JSON.parse('{"id":"a","title":"A","properties":{"__proto__":{}}}')],
    ["a node whose id is none", { ...lamp, nodes: { "B D": { title: "x" } } }],
    ["a node with an unknown member", { ...lamp, nodes: { light: { title: "x", y: 1 } } }],
    ["an action whose name is no id", { ...lamp, actions: { "Blink!": {} } }],
    ["an event whose name is no id", { ...lamp, events: { "": {} } }],
    ["a title in no language", { ...lamp, titles: { "english!": "Lamp" } }],
    ["a type that is none", { ...lamp, properties: { "light/on": { type: "bool" } } }],
    ["a step of zero", { ...lamp, properties: { "light/on": { type: "number", multipleOf: 0 } } }],
    [
      "a limit that is not finite",
      { ...lamp, properties: { "l/on": { type: "number", maximum: Infinity } } },
    ],
  ])("refuses %s", (_name, thing) => {
    expect(validator.Check(thing)).toBe(false);
  });
});

test("a device that sleeps or starts is not away", () => {
  expect((["unknown", "init", "ready", "disconnected", "sleeping", "lost"] as const).filter(isAway)).toEqual([
    "unknown",
    "disconnected",
    "lost",
  ]);
});
