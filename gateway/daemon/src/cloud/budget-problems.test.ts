import { expect, test } from "vitest";
import { budgetProblems } from "./budget-problems.ts";

test("a month's bytes that come to an end are a problem of the gateway, with what to do", () => {
  const told = budgetProblems([
    { id: "a", budget: undefined },
    { id: "b", budget: "ok" },
    { id: "c", budget: "near" },
    { id: "d", budget: "spent" },
  ]);
  expect(told.map(({ code, where }) => [code, where])).toEqual([
    ["budget-near", "cloud.c.monthly_mb"],
    ["budget-spent", "cloud.d.monthly_mb"],
  ]);
  expect(told[1]?.problem).toContain("What to do");
});
