import { describe, expect, test } from "vitest";
import { Compile } from "../validator.ts";
import { Rule, RuleFile } from "./rule.ts";

const validator = Compile(Rule);
const trigger = { numeric: { property: "shed/air/temperature", above: 30 }, for: "2s" };
const action = { set: "shed/fan/on", value: true };
const rule = { id: "cool", triggers: [trigger], actions: [action] };

describe("the language of rules takes", () => {
  test.each<[string, unknown]>([
    ["the smallest rule", rule],
    ["every head field", { ...rule, title: "Cool", description: "", enabled: false, mode: "queued", max: 3 }],
    ["a state trigger", { ...rule, triggers: [{ id: "t", state: { property: "door/open", to: true } }] }],
    ["a time trigger", { ...rule, triggers: [{ time: "07:30:15" }] }],
    ["a value that is an object", { ...rule, actions: [{ set: "lamp/light/scene", value: { a: [1] } }] }],
    ["every action", { ...rule, actions: [action, { delay: "1h30m" }, { notify: "hot", level: "alarm" }] }],
    [
      "conditions that nest",
      {
        ...rule,
        conditions: [
          { time: { after: "22:00", before: "06:00", weekdays: ["mon"] } },
          {
            not: {
              or: [{ state: { property: "a/b", is: "x" } }, { and: [{ numeric: { property: "a/b" } }] }],
            },
          },
        ],
      },
    ],
  ])("%s", (_name, document) => {
    expect(validator.Check(document)).toBe(true);
  });

  test("a file with no rule", () => {
    expect(Compile(RuleFile).Check([])).toBe(true);
  });
});

describe("the language of rules refuses", () => {
  test.each<[string, unknown]>([
    ["an unknown key of the rule", { ...rule, trigger: [] }],
    ["an unknown key of a trigger", { ...rule, triggers: [{ ...trigger, fro: "2s" }] }],
    ["an unknown key inside a trigger", { ...rule, triggers: [{ numeric: { property: "a/b", over: 3 } }] }],
    ["an unknown key of an action", { ...rule, actions: [{ ...action, retry: true }] }],
    ["a trigger of two kinds", { ...rule, triggers: [{ ...trigger, time: "07:30" }] }],
    ["no trigger", { ...rule, triggers: [] }],
    ["no action", { ...rule, actions: [] }],
    ["no id", { triggers: [trigger], actions: [action] }],
    ["an id with capitals", { ...rule, id: "Cool" }],
    ["a mode that is none", { ...rule, mode: "twice" }],
    ["a bound of 0", { ...rule, max: 0 }],
    ["a time that is none", { ...rule, triggers: [{ time: "24:00" }] }],
    ["a number as time, as YAML reads 7:30", { ...rule, triggers: [{ time: 450 }] }],
    ["a duration without a unit", { ...rule, actions: [{ delay: "10" }] }],
    ["a property of one level", { ...rule, actions: [{ set: "fan", value: 1 }] }],
    ["a property of four levels", { ...rule, actions: [{ set: "a/b/c/d", value: 1 }] }],
    ["a value that is missing", { ...rule, actions: [{ set: "shed/fan/on" }] }],
    ["a threshold in words", { ...rule, triggers: [{ numeric: { property: "a/b", above: "30" } }] }],
    ["a list instead of a rule", [rule]],
  ])("%s", (_name, document) => {
    expect(validator.Check(document)).toBe(false);
  });
});
