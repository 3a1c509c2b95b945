import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outlineOf, type RuleOutline, ruleChanges } from "./rule-outline.ts";

const RULE = `- id: fan
  title: Fan   # the big one
  triggers: [{ time: "07:00" }]
  actions:
    - notify: on
`;
const OTHER = `- id: lamp
  triggers: [{ time: "19:00" }]
  actions: [{ notify: lamp }]
`;
const of = (text: string): RuleOutline => outlineOf(text) ?? new Map();
const between = (before: string, after: string) => ruleChanges(of(before), of(after));

describe("what was done to the rules of a file", () => {
  test.each<[string, string, string, object]>([
    ["nothing", RULE, RULE, {}],
    ["a comment between them, and their order", RULE + OTHER, `# lamps\n${OTHER}\n${RULE}`, {}],
    ["one more", RULE, RULE + OTHER, { added: ["lamp"] }],
    ["one less", RULE + OTHER, OTHER, { removed: ["fan"] }],
    ["another name", RULE, RULE.replace("id: fan", "id: vent"), { added: ["vent"], removed: ["fan"] }],
    ["another time", RULE, RULE.replace("07:00", "08:00"), { changed: ["fan"] }],
    ["another title", RULE, RULE.replace("Fan ", "Vent "), { reworded: ["fan"] }],
    ["another comment in it", RULE, RULE.replace("big", "small"), { reworded: ["fan"] }],
    [
      "the same in other words",
      RULE,
      RULE.replace('[{ time: "07:00" }]', '\n    - time: "07:00"'),
      { reworded: ["fan"] },
    ],
    ["off", RULE, RULE.replace("  actions", "  enabled: false\n  actions"), { disabled: ["fan"] }],
    [
      "on, which is what it is without it",
      RULE.replace("  actions", "  enabled: false\n  actions"),
      RULE,
      { enabled: ["fan"] },
    ],
    ["written as on", RULE, RULE.replace("  actions", "  enabled: true\n  actions"), { reworded: ["fan"] }],
    [
      "a flow list",
      RULE,
      `[{ id: fan, triggers: [{ time: "07:00" }], actions: [{ notify: on }] }]`,
      { reworded: ["fan"] },
    ],
    ["a second of the same id", RULE, RULE + RULE.replace("07:00", "08:00"), {}],
    ["something without an id", RULE, `${RULE}- 5\n- { id: 7 }\n`, {}],
    ["all", RULE + OTHER, "", { removed: ["fan", "lamp"] }],
  ])("%s", (_name, before, after, changes) => {
    expect(between(before, after)).toEqual(changes);
  });

  test("there is no outline of what is no list of rules", () => {
    for (const text of ["a: b", "- [", "text", "%x", "- !tag x"]) expect(outlineOf(text)).toBeUndefined();
    expect(outlineOf("")).toEqual(new Map());
  });

  test("any text has an outline or none", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary", maxLength: 300 }),
          fc.json().map((json) => `- ${json}`),
        ),
        (text) => {
          const outline = outlineOf(text);
          if (outline !== undefined) expect(ruleChanges(outline, outline)).toEqual({});
        },
      ),
    );
  });
});
