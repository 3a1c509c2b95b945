import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isJson, type Json, jsonEqual } from "./json.ts";

describe("jsonEqual", () => {
  test.each<[Json | undefined, Json | undefined, boolean]>([
    [1, 1, true],
    [0, -0, true],
    [1, "1", false],
    [null, undefined, false],
    [undefined, undefined, true],
    [null, {}, false],
    [[], {}, false],
    [[1, 2], [2, 1], false],
    [[1], [1, 2], false],
    [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1 }, { b: 1 }, false],
    [JSON.parse('{"__proto__":1}'), { x: 1 }, false],
    [JSON.parse('{"__proto__":{}}'), { x: 1 }, false],
  ])("%j and %j: %s", (a, b, equal) => {
    expect(jsonEqual(a, b)).toBe(equal);
    expect(jsonEqual(b, a)).toBe(equal);
  });

  test("is what the text says, whatever the order of the keys", () => {
    const value = fc.jsonValue();
    const sorted = (it: unknown): string => {
      if (typeof it !== "object" || it === null) return JSON.stringify(it);
      if (Array.isArray(it)) return `[${it.map(sorted)}]`;
      const members = Object.entries(it).map(([key, inner]) => `${JSON.stringify(key)}:${sorted(inner)}`);
      return `{${members.sort()}}`;
    };
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(jsonEqual(a as Json, JSON.parse(JSON.stringify(a)))).toBe(true);
        expect(jsonEqual(a as Json, b as Json)).toBe(sorted(a) === sorted(b));
      }),
    );
  });
});

describe("isJson", () => {
  test.each<[string, unknown, boolean]>([
    ["plain", { a: [1, "x", null, { b: true }] }, true],
    ["an absent member", { a: undefined }, true],
    ["an object without prototype", Object.create(null), true],
    ["a NaN inside", { a: [Number.NaN] }, false],
    ["a date", { at: new Date(0) }, false],
    ["a map", new Map(), false],
    ["a big integer", { a: 1n }, false],
    ["a function", () => 1, false],
    ["an absent entry of a list", [undefined], false],
    ["nothing", undefined, false],
  ])("%s", (_name, value, json) => {
    expect(isJson(value, 32)).toBe(json);
  });

  test("holds for everything that JSON.parse makes", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(isJson(JSON.parse(text), 100)).toBe(true);
      }),
    );
  });

  test("stops at the given depth, before the stack does", () => {
    expect(isJson([[1]], 2)).toBe(true);
    expect(isJson([[[1]]], 2)).toBe(false);
    expect(isJson(JSON.parse("[".repeat(100_000) + "]".repeat(100_000)), 32)).toBe(false);
  });
});
