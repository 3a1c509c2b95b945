import type { Json } from "@tram/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJsonPath, valueAt, writeJsonPath } from "./json-path.ts";

const step = fc.oneof(fc.string({ unit: "binary", maxLength: 12 }), fc.nat(99_999));

test("every path can be written, and is the same again", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 16 }), (path) => {
      expect(parseJsonPath(writeJsonPath(path))).toEqual(path);
    }),
  );
});

test.each([
  ["a.b[0]", ["a", "b", 0]],
  ["DS18B20.Temperature", ["DS18B20", "Temperature"]],
  ["[1][2]", [1, 2]],
  ['["a.b"].c', ["a.b", "c"]],
  ["ENERGY-1.t°", ["ENERGY-1", "t°"]],
])("%s", (text, path) => {
  expect(parseJsonPath(text)).toEqual(path);
});

test.each(["", ".", ".a", "a.", "a..b", "a[", "a[01]", "a[-1]", 'a["x]', '["\\x"]', "a b", "$", "a[0]b"])(
  "%j is no path",
  (text) => {
    const parsed = parseJsonPath(text);
    if (text === "$")
      expect(parsed).toEqual(["$"]); // A name like any other.
    else expect(parsed).toEqual(expect.stringContaining("expected"));
  },
);

test("too many steps are told, and any text is either a path or a sentence", () => {
  expect(parseJsonPath(`${"a.".repeat(16)}a`)).toBe("expected at most 16 steps");
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const path = parseJsonPath(text);
      if (typeof path !== "string") expect(parseJsonPath(writeJsonPath(path))).toEqual(path);
    }),
  );
});

test("only what the payload itself holds is found", () => {
  const json = JSON.parse('{"a":[1,{"b":null}],"__proto__":{"x":1},"constructor":2}') as Json;
  const at = (text: string) => valueAt(json, parseJsonPath(text) as string[]);
  expect(at("a[0]")).toBe(1);
  expect(at("a[1].b")).toBeNull();
  expect(at("a[2]")).toBeUndefined();
  expect(at("a.length")).toBeUndefined();
  expect(at("__proto__.x")).toBe(1);
  expect(at("__proto__.toString")).toBeUndefined();
  expect(at("constructor")).toBe(2);
  for (const name of ["toString", "hasOwnProperty", "a[0].toFixed", "__defineGetter__"]) {
    expect(at(name), name).toBeUndefined();
  }
});
