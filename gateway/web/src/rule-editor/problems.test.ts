import { expect, it } from "vitest";
import "./editor-texts.ts";
import { i18nFor } from "../i18n/i18n.ts";
import { anchorOf, placeText, problemsAt, problemsBelow } from "./problems.ts";

const problems = [
  { path: "triggers[0].numeric.property", problem: "a" },
  { path: "triggers[0].numeric.abov", problem: "b" },
  { path: "triggers[10]", problem: "c" },
  { path: "triggers[0]", problem: "d" },
  { path: "id", problem: "e" },
];

it("finds the problems of a field, and those that no field shows", () => {
  expect(problemsAt(problems, "id")).toEqual([problems[4]]);
  expect(problemsAt(problems, "title")).toEqual([]);
  // What is wrong with the part as a whole is told too.
  expect(problemsBelow(problems, "triggers[0]", ["triggers[0].numeric.property"])).toEqual([
    problems[1],
    problems[3],
  ]);
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

it("names the place in the words of the form", () => {
  const { t } = i18nFor("en");
  expect(placeText("actions[1].set", t)).toBe("Then, part 2");
  expect(placeText("id", t)).toBe("Id");
  expect(placeText("throttle", t)).toBe("throttle");
  expect(placeText("", t)).toBe("");
  expect(placeText("conditions[2].or[0].state", i18nFor("vi").t)).toBe("Chỉ khi, mục 3");
});
