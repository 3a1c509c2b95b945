import { expect, it } from "vitest";
import { anchorOf, problemsAt, problemsBelow, said } from "./problems.ts";

const problems = [
  { path: "triggers[0].numeric.property", problem: "a" },
  { path: "triggers[0].numeric.abov", problem: "b" },
  { path: "triggers[10]", problem: "c" },
  { path: "id", problem: "d" },
];

it("finds the problems of a field, and those that no field shows", () => {
  expect(said(problemsAt(problems, "id"))).toBe("d");
  expect(said(problemsAt(problems, "title"))).toBeUndefined();
  expect(problemsBelow(problems, "triggers[0]", ["triggers[0].numeric.property"])).toEqual([problems[1]]);
  expect(problemsBelow(problems, "triggers[1]", [])).toEqual([]);
});

it("finds the nearest place that is shown", () => {
  const places = new Set(["triggers[0]", "triggers[0].numeric.property"]);
  const has = (path: string) => places.has(path);
  expect(anchorOf("triggers[0].numeric.abov", has)).toBe("triggers[0]");
  expect(anchorOf("triggers[0].numeric.property", has)).toBe("triggers[0].numeric.property");
  expect(anchorOf("triggers[1]", has)).toBeUndefined();
  expect(anchorOf("", has)).toBeUndefined();
});
