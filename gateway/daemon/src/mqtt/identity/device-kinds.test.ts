import { expect, test } from "vitest";
import { describeKind, overlap } from "./device-kinds.ts";

test.each([
  ["tasmota", "tasmotas"],
  ["shelly", "announce"],
  ["shelly", "command"],
  ["esphome", "discover"],
] as const)("a %s is not called %s: its topics would be everybody's", (kind, id) => {
  expect(describeKind(kind, id)).toMatchObject({ ok: false });
});

test.each([
  ["homie/5/lamp", "homie/… belongs to other devices"],
  ["tram/1", "tram/… belongs to other devices"],
  ["cmnd/other", "cmnd/… belongs to other devices"],
  ["homeassistant/switch", "homeassistant/… belongs to other devices"],
  ["$SYS", "does not begin with $"],
  ["#", "without wildcards"],
  ["+/x", "without wildcards"],
  ["a/#", "without wildcards"],
  ["/a", "empty levels"],
  ["a/", "empty levels"],
  ["a//b", "empty levels"],
])("the prefix %s is refused: %s", (prefix, why) => {
  const described = describeKind("generic", "press", ["workshop/press", prefix]);
  expect(described).toMatchObject({ ok: false, problem: expect.stringContaining(why) });
});

test("prefixes are for generic devices alone, and become their rights", () => {
  expect(describeKind("tasmota", "plug", ["workshop"])).toMatchObject({ ok: false });
  const filters = ["workshop/press/#", "workshop/saw/#"];
  expect(describeKind("generic", "press", ["workshop/press", "workshop/saw"])).toEqual({
    ok: true,
    role: "device",
    topics: { read: filters, write: filters },
  });
});

test("prefixes overlap when one holds the other", () => {
  const of = (...prefixes: string[]) => ({ read: prefixes, write: [] });
  expect(overlap(of("a/b/#"), of("a/#"))).toBe(true);
  expect(overlap(of("a/#"), of("x/#", "a/b/#"))).toBe(true);
  expect(overlap(of("a/b/#"), of("a/c/#", "ab/#"))).toBe(false);
});

test.each(["tasmota", "shelly", "esphome"] as const)(
  "two devices of the kind %s have topics of their own",
  (kind) => {
    const [one, other] = ["one", "other"].map((id) => {
      const described = describeKind(kind, id);
      return described.ok && described.topics !== undefined
        ? described.topics
        : { read: ["#"], write: ["#"] };
    });
    expect(one && other && overlap(one, other)).toBe(false);
    expect(one && overlap(one, one)).toBe(true);
  },
);
