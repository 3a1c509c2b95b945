import type { Json, Reading } from "@tram/protocol";
import { expect, it } from "vitest";
import { ChangeFilter, type ChangeFilterOptions } from "./change-filter.ts";

function reading(value: Json, quality: Reading["quality"] = "good"): Reading {
  return { thing: "roof", property: "air/temperature", value, quality } as Reading;
}

/** Which of these readings go out, one each second. */
function sent(options: ChangeFilterOptions, values: readonly (Json | Reading)[]): readonly Json[] {
  const filter = new ChangeFilter(options);
  return values.flatMap((value, second) => {
    const one = typeof value === "object" && value !== null ? (value as Reading) : reading(value);
    if (filter.judge(one, second * 1_000).is !== "news") return [];
    filter.note(one, second * 1_000);
    return [one.value];
  });
}

it.each<[string, ChangeFilterOptions, readonly (Json | Reading)[], readonly Json[]]>([
  ["everything by default", {}, [1, 1, 1], [1, 1, 1]],
  ["changes alone", { onChange: true }, [1, 1, 2, 2, 1], [1, 2, 1]],
  ["also of texts", { onChange: true }, ["a", "a", "b"], ["a", "b"]],
  // What creeps is compared with what was sent, not with what was heard.
  ["a value that has crept far enough", { deadband: 1 }, [20, 20.4, 20.8, 21.2, 21.6], [20, 21.2]],
  ["exactly the deadband", { deadband: 0.5 }, [1, 1.5, 1.9], [1, 1.5]],
  ["per cent of what was sent", { deadbandPercent: 10 }, [100, 109, 110, 115, 122], [100, 110, 122]],
  ["the larger of both", { deadband: 5, deadbandPercent: 10 }, [10, 12, 15], [10, 15]],
  ["a negative value's share of its size", { deadbandPercent: 10 }, [-100, -105, -110], [-100, -110]],
  ["one number in three seconds", { intervalMs: 3_000 }, [1, 2, 3, 4, 5, 6, 7], [1, 4, 7]],
  ["each turn of a switch, however fast", { intervalMs: 3_000 }, [true, false, true], [true, false, true]],
  [
    "another quality at once",
    { intervalMs: 9_000, onChange: true },
    [1, reading(1, "stale"), reading(1)],
    [1, 1, 1],
  ],
  ["a number that was none", { deadband: 5 }, ["x", 1], ["x", 1]],
])("lets through %s", (_name, options, values, expected) => {
  expect(sent(options, values)).toEqual(expected);
});

it("tells again what was not kept", () => {
  const filter = new ChangeFilter({ onChange: true });
  filter.note(reading(1), 0);
  expect(filter.judge(reading(1), 1)).toEqual({ is: "nothing" });
  filter.forget(reading(1));
  expect(filter.judge(reading(1), 2)).toEqual({ is: "news" });
});

it("tells news that comes too early from what is none, and when its time is", () => {
  const filter = new ChangeFilter({ intervalMs: 10_000, deadband: 1 });
  filter.note(reading(20), 1_000);
  expect(filter.judge(reading(20.5), 4_000)).toEqual({ is: "nothing" });
  expect(filter.judge(reading(25), 4_000)).toEqual({ is: "early", inMs: 7_000 });
  expect(filter.judge(reading(25, "bad"), 4_000)).toEqual({ is: "news" });
  expect(filter.judge(reading(25), 11_000)).toEqual({ is: "news" });
});
