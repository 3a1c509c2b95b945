import { type TSchema, Type } from "typebox";
import { describe, expect, test } from "vitest";
import type { UciValue } from "./section.ts";
import { readValue, writeValue } from "./value.ts";

const port = Type.Integer({ minimum: 0, maximum: 65_535 });
const either = Type.Union([Type.Boolean(), Type.Integer(), Type.Array(Type.String())]);

describe("readValue", () => {
  const good: [string, TSchema, UciValue, unknown][] = [
    ...["1", "on", "true", "yes", "enabled"].map((word): [string, TSchema, UciValue, unknown] => [
      word,
      Type.Boolean(),
      word,
      true,
    ]),
    ...["0", "off", "false", "no", "disabled"].map((word): [string, TSchema, UciValue, unknown] => [
      word,
      Type.Boolean(),
      word,
      false,
    ]),
    ["an integer", port, "1883", 1883],
    ["a negative one", Type.Integer(), "-5", -5],
    ["a number", Type.Number(), "-10.75", -10.75],
    ["as JavaScript writes small ones", Type.Number(), "1e-7", 1e-7],
    ["a text that looks like a number", Type.String(), "007", "007"],
    ["a choice", Type.Enum(["a", "b"]), "b", "b"],
    ["a choice among numbers", Type.Enum([4, 5]), "5", 5],
    ["the only choice", Type.Literal("x"), "x", "x"],
    ["a list", Type.Array(Type.String()), ["a", "b"], ["a", "b"]],
    ["a list of one, as an option", Type.Array(Type.String()), "a b", ["a b"]],
    ["a list of numbers", Type.Array(Type.Integer()), ["1", "2"], [1, 2]],
    ["the empty list", Type.Array(Type.String()), [""], []],
    ["one value, as a list", Type.String(), ["a"], "a"],
    ["the empty text", Type.String(), [""], ""],
    ["an object", Type.Record(Type.String(), Type.Unknown()), ' { "a": [1, null] } ', { a: [1, null] }],
    ["objects in a list", Type.Array(Type.Object({ a: Type.Integer() })), ['{"a":1}'], [{ a: 1 }]],
    ["anything", Type.Unknown(), '"a"', "a"],
    ["one of several forms", either, "yes", true],
    ["another of them", either, "12", 12],
    ["a list among them", either, ["a", "b"], ["a", "b"]],
  ];
  test.each(good)("%s", (_name, schema, value, expected) => {
    expect(readValue(value, schema)).toEqual({ value: expected });
  });

  const bad: [string, TSchema, UciValue, string][] = [
    ["no boolean", Type.Boolean(), "maybe", 'expected 1 or 0, found "maybe"'],
    ["words are small", Type.Boolean(), "On", 'expected 1 or 0, found "On"'],
    ["no integer", port, "abc", 'expected an integer from 0 to 65535, found "abc"'],
    ["too large", port, "65536", 'expected an integer from 0 to 65535, found "65536"'],
    ["hexadecimal", port, "0x10", 'expected an integer from 0 to 65535, found "0x10"'],
    ["a fraction", Type.Integer({ minimum: 1 }), "1.5", 'expected an integer of at least 1, found "1.5"'],
    ["an exponent", Type.Integer({ maximum: 1 }), "1e1", 'expected an integer of at most 1, found "1e1"'],
    ["a blank", Type.Number(), " 1", 'expected a number, found " 1"'],
    ["nothing", Type.Number(), [""], 'expected a number, found ""'],
    [
      "a comma",
      Type.Number({ minimum: -90, maximum: 90 }),
      "10,5",
      'expected a number from -90 to 90, found "10,5"',
    ],
    ["not a number", Type.Number(), "NaN", 'expected a number, found "NaN"'],
    ["no end", Type.Number(), "1e999", 'expected a number, found "1e999"'],
    ["no choice", Type.Enum(["a", "b"]), "c", 'expected one of a, b, found "c"'],
    ["a list where there is one", Type.String(), ["a", "b"], "expected a single text, found a list of 2"],
    ["a list of numbers", Type.Array(Type.Integer()), ["1", "x"], 'entry 2: expected an integer, found "x"'],
    [
      "no form",
      Type.Union([Type.Boolean(), port]),
      "x",
      'expected 1 or 0 or an integer from 0 to 65535, found "x"',
    ],
    [
      "no JSON",
      Type.Record(Type.String(), Type.Unknown()),
      '{ "app_key": geheim }',
      "expected a JSON object, found text that is not JSON",
    ],
    [
      "no object",
      Type.Record(Type.String(), Type.Unknown()),
      "[1]",
      "expected a JSON object, found other JSON",
    ],
    [
      "nothing of JSON",
      Type.Record(Type.String(), Type.Unknown()),
      "null",
      "expected a JSON object, found other JSON",
    ],
    [
      "a prototype",
      Type.Record(Type.String(), Type.Unknown()),
      '{"a":[{"__proto__":1}]}',
      "expected a JSON object, found a key `__proto__`",
    ],
    [
      "a number without end",
      Type.Record(Type.String(), Type.Unknown()),
      '{"a":1e999}',
      "expected a JSON object, found a number that is too large",
    ],
  ];
  test.each(bad)("%s", (_name, schema, value, problem) => {
    expect(readValue(value, schema)).toEqual({ problem });
  });

  test("a JSON bomb is refused at once", () => {
    const before = process.cpuUsage();
    const schema = Type.Record(Type.String(), Type.Unknown());
    const deep = `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    expect(readValue(deep, schema)).toEqual({ problem: "expected a JSON object, found more than 64 levels" });
    const wide = `{"a":[${"{},".repeat(100_000)}{}]}`;
    expect(readValue(wide, schema)).toHaveProperty("value");
    expect(readValue(`{"a":${"[".repeat(400_000)}`, schema)).toHaveProperty("problem");
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(5_000);
  });
});

describe("writeValue", () => {
  const written: [string, TSchema, unknown, UciValue | undefined][] = [
    ["a boolean", Type.Boolean(), false, "0"],
    ["a number", Type.Number(), 1e-7, "1e-7"],
    ["a text", Type.String(), "a\nb", "a\nb"],
    ["the empty text", Type.String(), "", [""]],
    ["a list", Type.Array(Type.Integer()), [1, 2], ["1", "2"]],
    ["the empty list", Type.Array(Type.Integer()), [], [""]],
    ["an object", Type.Object({}), { a: 1 }, '{"a":1}'],
    ["anything", Type.Unknown(), "a", '"a"'],
    ["a list among several forms", either, ["a", "b"], ["a", "b"]],
    ["a text with a NUL", Type.String(), "a\0", undefined],
    ["half a character", Type.String(), "\ud800", undefined],
    ["a list with one empty text, which would be the empty list", Type.Array(Type.String()), [""], undefined],
    ["a list with a NUL", Type.Array(Type.String()), ["a", "\0"], undefined],
  ];
  test.each(written)("%s", (_name, schema, value, expected) => {
    expect(writeValue(value, schema)).toEqual(expected);
    if (expected !== undefined) expect(readValue(expected, schema)).toEqual({ value });
  });
});
