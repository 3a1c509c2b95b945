import type { CloudMessage } from "@tram/core";
import type { Json } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import { PayloadTemplate, payloadProblems, TopicTemplate, topicProblems } from "./template.ts";

const message: CloudMessage = {
  id: "gw-1",
  class: "telemetry",
  group: "roof",
  thing: "roof",
  name: "air/temperature",
  time: Date.UTC(2026, 0, 5, 6),
  value: 21.5,
  quality: "good",
};

describe("a topic", () => {
  it("is made of names", () => {
    const template = "plant/{gateway}/{thing}/{node}/{property}";
    expect(topicProblems(template)).toEqual([]);
    expect(new TopicTemplate(template, "gw").write(message)).toBe("plant/gw/roof/air/temperature");
    expect(new TopicTemplate("x-{name}", "gw").write(message)).toBe("x-air/temperature");
  });

  it.each([
    ["plant/{thng}/{property}", "unknown variable {thng}; there are gateway, thing, node, property, name"],
    ["plant/{value}/{property}", "unknown variable {value}"],
    ["plant/{thing", "braces"],
    ["plant/{{thing}}/{property}", "braces"],
    ["plant/+/{property}", "without +"],
    ["$aws/{property}", "begin with $"],
    ["/plant/{property}", "begin with"],
    ["plant/{thing}", "all values have one topic"],
  ])("%s is refused", (template, said) => {
    expect(topicProblems(template)).toEqual([{ path: "", problem: expect.stringContaining(said) }]);
  });
});

describe("a payload", () => {
  it.each<[string, Json, string]>([
    ["one variable alone is its value", { v: "{value}", t: "{time_ms}" }, '{"v":21.5,"t":1767592800000}'],
    ["within a text it is text", { tag: "{thing}.{property}={value}" }, '{"tag":"roof.temperature=21.5"}'],
    [
      "what has no variable stays",
      { unit: "°C", n: [1, null, { a: "{quality}" }] },
      '{"unit":"°C","n":[1,null,{"a":"good"}]}',
    ],
    ["a text is text", "{value}", "21.5"],
    ["a line protocol", "air,thing={thing} value={value}", "air,thing=roof value=21.5"],
  ])("%s", (_name, template, expected) => {
    expect(payloadProblems(template)).toEqual([]);
    expect(new PayloadTemplate(template, "gw").write(message)).toBe(expected);
  });

  it("lets no value out of its place", () => {
    const hostile = { ...message, value: '","admin":true,"x":"' };
    const written = new PayloadTemplate({ v: "{value}", w: "a {value}" }, "gw").write(hostile);
    expect(JSON.parse(written)).toEqual({ v: hostile.value, w: `a ${hostile.value}` });
    // What a value says is never read as a template.
    expect(new PayloadTemplate("{value} {id}", "gw").write({ ...message, value: "{time}" })).toBe(
      "{time} gw-1",
    );
  });

  it.each<[Json, string]>([
    [{ a: { b: ["{x}"] } }, "a.b[0]"],
    [{ a: "{" }, "a"],
    ["{nope}", ""],
  ])("%j is refused with its place", (template, path) => {
    expect(payloadProblems(template).map((each) => each.path)).toEqual([path]);
  });

  it("is bounded", () => {
    const deep = Array.from({ length: 12 }).reduce<Json>((inner) => ({ a: inner }), 1);
    expect(payloadProblems(deep)).not.toEqual([]);
    expect(payloadProblems(Array.from({ length: 300 }, () => 1))).not.toEqual([]);
    expect(payloadProblems({ a: "x".repeat(2_000) })).not.toEqual([]);
  });
});
