import type { Thing } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import "./editor-texts.ts";
import { i18nFor } from "../i18n/i18n.ts";
import { anyRule } from "./any-rule.fixture.ts";
import { summaryOf } from "./summary.ts";

const things: Record<string, Thing> = {
  pump: {
    id: "pump",
    title: "Pump",
    titles: { vi: "Máy bơm" },
    properties: { "motor/on": { type: "boolean" }, "motor/power": { type: "number", unit: "W" } },
  },
};
const en = { things, i18n: i18nFor("en") };
const vi = { things, i18n: i18nFor("vi") };
const IF = JSON.parse(
  '{ "if": [{ "numeric": { "property": "pump/motor/power", "above": 30 } }], "then": [{}, {}], "else": [{}] }',
);

describe("a part in a line", () => {
  it.each([
    ["triggers", { state: { property: "pump/on", from: false, to: true } }, "Pump · on Off → On"],
    ["triggers", { state: { property: ["pump/on", "a/b/c"], to: [1, 2] } }, "Pump · on +1 → 1 / 2"],
    [
      "triggers",
      { numeric: { property: { area: "yard", property: "power" }, below: 5 } },
      "power (yard) < 5",
    ],
    ["triggers", { sun: { event: "sunset", offset: "-30m" } }, 'event: sunset offset: "-30m"'],
    ["conditions", { and: [{ clock: "trusted" }] }, "The clock (trusted)"],
    ["conditions", { or: [{ clock: "trusted" }, { clock: "synced" }] }, "2 conditions"],
    ["actions", { set: "pump/motor/on", value: true }, "Pump · on = On"],
    ["actions", { set: "" }, "… = …"],
    ["actions", IF, "if Pump · power > 30 then 2 actions, otherwise 1 action"],
    ["actions", { repeat: { count: 3 }, do: [{}] }, "3 ×: 1 action"],
    ["actions", { delay: "5m" }, "5m"],
    ["actions", { wait_until: [{ clock: "trusted" }], timeout: "1h" }, "The clock (trusted), ≤ 1h"],
    ["actions", "odd", ""],
  ] as const)("of %s: %j is “%s”", (role, part, text) => {
    expect(summaryOf(role, part, en)).toBe(text);
  });

  it("is in the person's language", () => {
    expect(summaryOf("actions", IF, vi)).toBe("nếu Máy bơm · power > 30 thì 2 việc, nếu không thì 1 việc");
  });

  it("is short for any rule, and never fails", () => {
    fc.assert(
      fc.property(anyRule, (rule) => {
        for (const role of ["triggers", "conditions", "actions"] as const) {
          const list = rule[role];
          for (const part of Array.isArray(list) ? list : [])
            expect(summaryOf(role, part, vi).length).toBeLessThanOrEqual(120);
        }
      }),
    );
  });
});
