import fc from "fast-check";
import { expect, test } from "vitest";
import { typedValue } from "./typed-value.ts";
import { readWish } from "./wish.ts";

test.each([
  [{ payload: 5 }, { thing: "fan", property: "fan/on" }, { thing: "fan", property: "fan/on" }, 5],
  [
    { payload: { value: 1 } },
    { thing: "fan", property: "x/y" },
    { thing: "fan", property: "x/y" },
    { value: 1 },
  ],
  [{ payload: { thing: "a", property: "b/c", value: null } }, {}, { thing: "a", property: "b/c" }, null],
  [{ payload: { property: "b/c", value: 2 } }, { thing: "a" }, { thing: "a", property: "b/c" }, 2],
  [{ topic: "a/b/c", payload: false }, {}, { thing: "a", property: "b/c" }, false],
  [{ topic: "a/b/c", payload: false }, { thing: "a" }, { thing: "a", property: "b/c" }, false],
  [{ topic: "b/c", payload: false }, { thing: "a" }, { thing: "a", property: "b/c" }, false],
])("%j of a node with %j", (msg, set, target, value) => {
  expect(readWish(msg, set)).toEqual({ ok: true, target, value });
});

const circle: Record<string, unknown> = {};
circle.self = circle;
test.each<[Record<string, unknown>, object, RegExp]>([
  [{ payload: 5 }, {}, /^thing: /],
  [{ payload: 5 }, { thing: "fan" }, /^property: /],
  [{ payload: undefined }, { thing: "fan", property: "x/y" }, /^payload: expected a value/],
  [{ payload: circle }, { thing: "fan", property: "x/y" }, /^payload: expected a value/],
  [{ payload: 1n }, { thing: "fan", property: "x/y" }, /^payload: expected a value/],
  [{ payload: "x".repeat(70_000) }, { thing: "fan", property: "x/y" }, /^payload: expected at most 65536/],
  [{ topic: `a/${"b".repeat(300)}`, payload: 1 }, {}, /at most 256/],
  [{ topic: "a/b/\ud800", payload: 1 }, {}, /that can be sent/],
  [{ payload: 1 }, { thing: "\udc00", property: "x/y" }, /that can be sent/],
])("refuses message %#", (msg, set, problem) => {
  expect(readWish(msg, set)).toEqual({ ok: false, problem: expect.stringMatching(problem) });
});

test("any message is a wish or has a problem", () => {
  const names = fc.option(fc.string({ minLength: 1 }), { nil: undefined });
  fc.assert(
    fc.property(
      fc.record({ payload: fc.anything(), topic: fc.anything() }),
      names,
      names,
      (msg, thing, property) => {
        const read = readWish(msg, {
          ...(thing === undefined ? {} : { thing }),
          ...(property === undefined ? {} : { property }),
        });
        if (!read.ok) expect(read.problem).toMatch(/: expected /);
      },
    ),
  );
});

test.each([
  ["21.5", "number", 21.5],
  ["21.5", "integer", "21.5"],
  ["21", "integer", 21],
  ["true", "boolean", true],
  ["on", "boolean", "on"],
  ["true", "string", "true"],
  ["true", undefined, "true"],
  ['{"r":1}', "object", { r: 1 }],
  ["[1]", "array", [1]],
  ["null", "object", "null"],
  [5, "boolean", 5],
])("%j for a %s is %j", (value, type, expected) => {
  expect(typedValue(value, type)).toEqual(expected);
});
