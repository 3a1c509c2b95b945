import { expect, test } from "vitest";
import { asNumber, at, decodeAt, parseJson, readObject } from "./json-payload.ts";

test("only own members are found", () => {
  const json = parseJson('{"a":{"b":[1,{"c":2}]},"__proto__":{"x":3}}');
  expect(at(json, "a", "b", "1", "c")).toBe(2);
  expect(at(json, "a", "b", "7")).toBeUndefined();
  expect(at(json, "__proto__", "x")).toBe(3);
  expect(at(parseJson("{}"), "__proto__")).toBeUndefined();
  expect(at(parseJson("{}"), "toString")).toBeUndefined();
  expect(at(parseJson("[1]"), "length")).toBeUndefined();
  expect(at("text", "length")).toBeUndefined();
});

test("what is not there or null tells nothing, and what is something else is a problem", () => {
  const decode = decodeAt(["a"], asNumber);
  expect(decode('{"a":1}')).toEqual({ ok: true, value: 1 });
  for (const payload of ["{}", '{"a":null}', "7", "null", '{"b":1}']) {
    expect(decode(payload), payload).toEqual({ ok: true, value: undefined });
  }
  expect(decode('{"a":1e400}')).toEqual({ ok: false, problem: "found Infinity" });
  expect(decode('{"a":"1"}')).toEqual({ ok: false, problem: 'found "1"' });
  expect(decode("{")).toEqual({ ok: false, problem: 'expected JSON, found "{"' });
});

test("what nests too deep is no JSON", () => {
  const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
  expect(parseJson(nested(32))).toBeDefined();
  expect(parseJson(nested(33))).toBeUndefined();
  expect(parseJson("[".repeat(200_000) + "]".repeat(200_000))).toBeUndefined();
});

test("an object is bounded in bytes, not in characters", () => {
  expect(readObject('{"a":"é"}', 10)).toEqual({ a: "é" });
  expect(readObject('{"a":"é"}', 9)).toBe("expected at most 9 bytes");
  expect(readObject("[]", 10)).toBe("expected a JSON object");
});
