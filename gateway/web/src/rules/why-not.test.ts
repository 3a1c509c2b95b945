import type { TraceView } from "@tram/protocol";
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
const en = i18nFor("en");

describe("why a rule did nothing", () => {
  it("names the condition and the value that was seen", () => {
    const checks = [
      { what: "conditions[0]: fan/fan/on is false", passed: true, seen: false },
      { what: "conditions[1]: any of", passed: false, seen: null },
      { what: "conditions[1].or[0]: air/air/temperature is above 30", passed: false, seen: 21.5 },
    ];
    const text = whyNot(trace("condition-false", { checks }), en);
    expect(text).toContain("2: air/air/temperature is above 30");
    expect(text).toContain("21.5");
    const unknown = whyNot(
      trace("condition-false", {
        checks: [{ what: "conditions[0]: x is 1 (not known)", passed: false, seen: null }],
      }),
      en,
    );
    expect(unknown).toContain("not known");
  });

  it("tells waits, holds, drops and failures, in both languages", () => {
    const texts = (
      ["waiting", "mode-dropped", "held", "cancelled", "failed", "condition-false"] as const
    ).flatMap((outcome) => [whyNot(trace(outcome), en), whyNot(trace(outcome), i18nFor("vi"))]);
    expect(new Set(texts).size).toBe(12);
    expect(whyNot(trace("held", { detail: "the clock is not trusted" }), en)).toMatch(/clock/);
  });

  it("is silent when it fired", () => {
    for (const outcome of ["fired", "finished", "action", "resumed"] as const) {
      expect(whyNot(trace(outcome), en)).toBeUndefined();
    }
    expect(whyNot(undefined, en)).toBeUndefined();
  });
});
