import { expect, test } from "vitest";
import { checkQuality, RULE_IDS } from "./quality.ts";

const complete = {
  module: "lamp",
  rules: Object.fromEntries(RULE_IDS.map((id) => [id, "done"] as const)),
};

test("takes a document that names each rule", () => {
  expect(checkQuality(complete, "lamp")).toEqual({ ok: true, quality: complete });
  const honest = {
    ...complete,
    rules: {
      ...complete.rules,
      "opens-again": { todo: "the port is kept" },
      definition: { exempt: "a relic" },
    },
  };
  expect(checkQuality(honest, "lamp")).toEqual({ ok: true, quality: honest });
});

test.each([
  ["another module", { ...complete, module: "fan" }, 'module: expected lamp, found "fan"'],
  [
    "a rule too few",
    { ...complete, rules: Object.fromEntries(Object.entries(complete.rules).slice(1)) },
    "rules.definition: is missing",
  ],
  [
    "a rule too many",
    { ...complete, rules: { ...complete.rules, shines: "done" } },
    "rules.shines: unknown rule",
  ],
  ["no document", null, "document: expected an object, found null"],
])("refuses %s", (_what, document, problem) => {
  expect(checkQuality(document, "lamp")).toEqual({ ok: false, problems: [problem] });
});

test.each([
  ["an exemption without a reason", { exempt: "" }],
  ["an unknown status", "maybe"],
])("refuses %s", (_what, status) => {
  const document = { ...complete, rules: { ...complete.rules, definition: status } };
  const check = checkQuality(document, "lamp");
  expect(check.ok ? [] : check.problems).toEqual([expect.stringMatching(/^rules\.definition/)]);
});
