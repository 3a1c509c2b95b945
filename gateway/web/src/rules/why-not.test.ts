import type { Thing, TraceView } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import { i18nFor } from "../i18n/i18n.ts";
import { whyNot } from "./why-not.ts";

const trace = (outcome: TraceView["outcome"], more: Partial<TraceView> = {}): TraceView => ({
  time: "2026-03-01T08:00:00Z",
  trigger: "hot",
  outcome,
  checks: [],
  ...more,
});
const things: Record<string, Thing> = {
  fan: {
    id: "fan",
    title: "Fan",
    titles: { vi: "Quạt" },
    properties: { "fan/on": { type: "boolean", title: "On", titles: { vi: "Bật" } } },
  },
  air: {
    id: "air",
    title: "Air",
    properties: { "air/temperature": { type: "number", unit: "°C", title: "Temperature", multipleOf: 0.1 } },
  },
};
const en = i18nFor("en");
const vi = i18nFor("vi");
const tell = (one: TraceView, i18n = en) => whyNot([one], things, i18n);
const check = (what: string, passed: boolean, seen: unknown) => ({ what, passed, seen });
const unmet = (...checks: TraceView["checks"]) => trace("condition-false", { checks });

describe("why a rule did nothing", () => {
  it("names the condition, what it wanted and what was seen, with titles and units", () => {
    const one = unmet(
      check("conditions[0]: fan/fan/on is true", true, true),
      check("conditions[1]: air/air/temperature is above 30", false, 21.5),
    );
    expect(tell(one)).toBe(
      "It did not run: condition 2 was not met. Air · Temperature must be above 30\u00a0°C, but was 21.5\u00a0°C.",
    );
    expect(tell(unmet(check("conditions[0]: fan/fan/on is true", false, false)), vi)).toBe(
      "Không chạy: điều kiện 1 không thỏa. Quạt · Bật phải là Bật, nhưng lúc đó là Tắt.",
    );
    expect(
      tell(unmet(check("conditions[0]: air/temperature is above 20 and below 30", false, 31.25)), vi),
    ).toBe(
      "Không chạy: điều kiện 1 không thỏa. Air · Temperature phải lớn hơn 20\u00a0°C và nhỏ hơn 30\u00a0°C, nhưng lúc đó là 31,3\u00a0°C.",
    );
  });

  it("tells values that are old, wrong or not known, and Things that are not", () => {
    expect(tell(unmet(check("conditions[0]: air/air/temperature is below 5 (stale)", false, 7)))).toContain(
      "but was 7\u00a0°C (out of date)",
    );
    expect(tell(unmet(check("conditions[0]: ghost/a/b is 1 (not known)", false, null)))).toBe(
      "It did not run: condition 1 was not met. ghost/a/b must be 1, but no value was known.",
    );
  });

  it("tells groups by what kept them from holding", () => {
    const noon = check("conditions[0].not: time is from 11:00 before 15:00", true, "wed 12:05:09");
    expect(tell(unmet(check("conditions[0]: not", false, null), noon))).toBe(
      "It did not run: condition 1 was not met. The time must not be from 11:00 until 15:00, but it was Wed 12:05.",
    );
    const either = unmet(
      check("conditions[0]: any of", false, null),
      check("conditions[0].or[0]: fan/fan/on is true", false, false),
      check("conditions[0].or[1]: air/air/temperature is below 5", false, 21),
    );
    expect(tell(either)).toMatch(/Fan · On must be On, but was Off; Air · Temperature must be below 5/);
    const both = unmet(
      check("conditions[0]: all of", false, null),
      check("conditions[0].and[0]: fan/fan/on is true", true, true),
      check("conditions[0].and[1]: air/air/temperature is below 5", false, 21),
    );
    expect(tell(both)).toContain("Air · Temperature must be below 5");
    expect(tell(both)).not.toContain("Fan");
    // One is enough to tell.
    const two = unmet(
      check("conditions[0]: all of", false, null),
      check("conditions[0].and[0]: fan/fan/on is true", false, false),
      check("conditions[0].and[1]: air/air/temperature is below 5", false, 21),
    );
    expect(tell(two)).toBe("It did not run: condition 1 was not met. Fan · On must be On, but was Off.");
    const neither = unmet(
      check("conditions[0]: not", false, null),
      check("conditions[0].not: any of", true, null),
      check("conditions[0].not.or[0]: fan/fan/on is true", true, true),
      check("conditions[0].not.or[1]: air/air/temperature is below 5", false, 21),
    );
    expect(tell(neither)).toBe(
      "It did not run: condition 1 was not met. Fan · On must not be On, but was On.",
    );
    expect(
      tell(unmet(check("conditions[0]: time is on mon (the clock is not trusted)", false, null))),
    ).toMatch(/clock/);
    expect(tell(unmet(check("conditions[0]: something new", false, 3)))).toContain("something new (seen: 3)");
  });

  it("tells waits, holds, drops, misses and failures, each in its own words and in both languages", () => {
    const told = [
      trace("waiting", { detail: "for 3 h 5 min" }),
      trace("waiting"),
      trace("mode-dropped", { detail: "a run is under way (mode single)" }),
      trace("mode-dropped", { detail: "3 runs are under way (mode queued)" }),
      trace("held", { detail: "the clock is not trusted" }),
      trace("held", { detail: "over, but the value is stale: waits for a good one" }),
      trace("held", { detail: "over, but the value is bad: waits for a good one" }),
      trace("held", { detail: "over, but the value is not known: waits for a good one" }),
      trace("cancelled", { detail: "not true any more", seen: 27 }),
      trace("cancelled", { detail: '"x" is not a number', seen: "x" }),
      trace("cancelled", { detail: "the rule changed" }),
      trace("cancelled", { detail: "missed 07:00 by 2 h" }),
      trace("failed", { detail: "actions[1]: ghost/a/b belongs to no known Thing" }),
      trace("failed", { detail: "the command was refused: read-only" }),
      trace("failed", { detail: "the engine failed: x" }),
      trace("condition-false"),
    ];
    const texts = told.flatMap((one) => [tell(one), tell(one, vi)]);
    expect(texts).not.toContain(undefined);
    expect(new Set(texts).size).toBe(told.length * 2);
    expect(tell(trace("waiting", { trigger: "triggers[1]", detail: "for 5 min" }))).toBe(
      "Not yet: trigger 2 must hold for 5 min.",
    );
    expect(tell(trace("waiting", { detail: "for 3 h 5 min" }), vi)).toBe(
      "Chưa chạy: điều kiện kích hoạt “hot” phải giữ nguyên trong 3 giờ 5 phút.",
    );
    expect(tell(trace("cancelled", { detail: "not true any more", seen: 27 }))).toContain("27");
    expect(tell(trace("mode-dropped", { detail: "3 runs are under way (mode queued)" }))).toContain("3 runs");
  });

  it("is silent when it fired, whatever its run did since; and speaks of what came after", () => {
    const run = { runId: "a-1" };
    const fired = trace("fired", run);
    expect(
      whyNot([trace("finished", run), trace("action", run), fired, trace("held")], things, en),
    ).toBeUndefined();
    expect(whyNot([trace("cancelled", { ...run, detail: "restarted" }), fired], things, en)).toBeUndefined();
    const dropped = trace("mode-dropped", { detail: "a run is under way (mode single)" });
    expect(whyNot([trace("finished", run), dropped, fired], things, en)).toMatch(/still under way/);
    expect(whyNot([], things, en)).toBeUndefined();
  });
});
