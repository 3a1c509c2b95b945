import { groupTraces, type RuleView, type TraceView } from "@tram/protocol";
import { expect, it } from "vitest";
import { keyTraces, mergeTraces, sortRules } from "./traces.ts";

const trace = (time: string): TraceView => ({ time, trigger: "triggers[0]", outcome: "fired", checks: [] });
const rule = (id: string, more: Partial<RuleView> = {}): RuleView => ({
  id,
  file: "a.yaml",
  status: "active",
  problems: [],
  warnings: [],
  editable: true,
  running: 0,
  ...more,
});

it("puts the latest evaluation before those that were fetched, once", () => {
  const fetched = [trace("2026-03-01T08:00:01Z"), trace("2026-03-01T08:00:00Z")];
  expect(mergeTraces(fetched, undefined)).toBe(fetched);
  expect(mergeTraces(fetched, trace("2026-03-01T08:00:01Z"))).toBe(fetched);
  expect(mergeTraces(fetched, trace("2026-03-01T08:00:02Z"))).toHaveLength(3);
  expect(mergeTraces([], trace("2026-03-01T08:00:02Z"))).toHaveLength(1);
});

it("keeps the keys of traces when newer ones come, also within one millisecond", () => {
  const old = groupTraces([trace("b"), trace("b"), trace("a")]);
  const keys = keyTraces(old).map(({ key }) => key);
  expect(new Set(keys).size).toBe(3);
  expect(
    keyTraces([...groupTraces([trace("b")]), ...old])
      .map(({ key }) => key)
      .slice(1),
  ).toEqual(keys);
});

it("puts what a run did below what began it; a run whose beginning is gone stands for itself", () => {
  const of = (time: string, runId?: string) => ({
    ...trace(time),
    ...(runId === undefined ? {} : { runId }),
  });
  const lines = [of("6", "b"), of("5"), of("4", "a"), of("3", "b"), of("2", "a"), of("1")];
  const groups = groupTraces(lines).map(({ head, steps }) => [head.time, ...steps.map(({ time }) => time)]);
  expect(groups).toEqual([["5"], ["3", "6"], ["2", "4"], ["1"]]);
});

it("shows first what does not work", () => {
  const rules = { b: rule("b"), a: rule("a", { title: "Zulu" }), c: rule("c", { status: "unavailable" }) };
  expect(sortRules(rules, new Intl.Collator("en").compare).map(({ id }) => id)).toEqual(["c", "b", "a"]);
});
