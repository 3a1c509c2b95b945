import { expect, it } from "vitest";
import { readConditions } from "./trace-conditions.ts";

const check = (what: string, passed = false, seen: unknown = null) => ({ what, passed, seen });
const only = (what: string) => readConditions([check(`conditions[0]: ${what}`)])[0];

it("reads each kind of sentence", () => {
  expect(only("fan/fan/on is false")?.test).toEqual({ kind: "equals", property: "fan/fan/on", value: false });
  expect(only('a/b/c is "x is above 3 (bad)"')?.test).toMatchObject({ value: "x is above 3 (bad)" });
  expect(only("a/b/c is above -3.5 and below 1e-7")?.test).toEqual({
    kind: "range",
    property: "a/b/c",
    above: -3.5,
    below: 1e-7,
  });
  expect(only("a/c is below 40 (stale)")).toMatchObject({ test: { below: 40 }, notes: ["stale"] });
  expect(only("a/c is below 40 (bad, not a number)")).toMatchObject({ notes: ["bad", "not a number"] });
  expect(only("time is from 07:00 before 22:30:15 on mon, sat (the clock is not trusted)")).toMatchObject({
    test: { kind: "time", after: "07:00", before: "22:30:15", weekdays: ["mon", "sat"] },
    notes: ["the clock is not trusted"],
  });
  expect(only('a/b/c is "aaaaaaa…')?.test).toEqual({ kind: "other", what: 'a/b/c is "aaaaaaa…' });
  expect(readConditions([check("something new")])[0]?.test).toEqual({ kind: "other", what: "something new" });
});

it("puts the parts of groups below them", () => {
  const [first, second] = readConditions([
    check("conditions[0]: not"),
    check("conditions[0].not: any of", true),
    check("conditions[0].not.or[0]: a/b/c is 1", true, 1),
    check("conditions[0].not.or[1]: time is before 06:00", false, "wed 12:00:00"),
    check("conditions[1]: a/b/c is 2", true, 2),
  ]);
  expect(first).toMatchObject({ test: { kind: "not" }, parts: [{ test: { kind: "or" }, passed: true }] });
  expect(first?.parts[0]?.parts.map(({ seen }) => seen)).toEqual([1, "wed 12:00:00"]);
  expect(second).toMatchObject({ seen: 2, parts: [] });
});
