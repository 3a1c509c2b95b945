import type { Json } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import type { CelScope } from "./evaluation.ts";
import { type CelExpression, compileCel, evaluateCel } from "./expression.ts";
import type { CelEnvironment } from "./linked.ts";
import { CelTimestamp, type CelValue } from "./value.ts";

const ENVIRONMENT: CelEnvironment = {
  variables: {
    trigger: ["id", "kind", "value", "previous", "data"],
    repeat: ["index", "item"],
    limit: "dyn",
    name: "string",
  },
};
const VARIABLES: Readonly<Record<string, CelValue>> = {
  trigger: { id: "hot", kind: "numeric", value: 22.5, previous: null, data: { rooms: ["a", "b"], level: 3 } },
  repeat: { index: 3, item: "x" },
  name: "hall",
};
const PROPERTIES: Readonly<Record<string, Json>> = {
  "room/air/temperature": 22.5,
  "lamp/light/on": true,
  "a/b/scene": "night",
};
const SCOPE: CelScope = {
  variable: (name) => VARIABLES[name],
  call: (name, argument) => {
    if (name === "value") return PROPERTIES[argument] ?? null;
    if (name === "held") return argument === "not/yet/known" ? null : 90_000;
    if (name === "now") return new CelTimestamp(Date.parse("2026-03-29T05:30:00Z"));
    if (name === "local") return { hour: 12, minute: 30, weekday: "sun" };
    return name === "quality" ? "good" : true;
  },
};

function compile(source: string, environment = ENVIRONMENT): CelExpression {
  const compiled = compileCel(source, environment);
  if (!compiled.ok) throw new Error(`${compiled.position}: ${compiled.problem}`);
  return compiled.expression;
}

function evaluate(source: string, left = 10_000): Json | undefined | string {
  const result = evaluateCel(compile(source), SCOPE, { left });
  return result.ok ? result.value : `! ${result.problem}`;
}

describe("what a house asks", () => {
  test.each<[string, Json]>([
    ['value("room/air/temperature") > 21 && trigger.id == "hot"', true],
    ["trigger.value * 2", 45],
    ["trigger.value / 2 + 1", 12.25],
    ["1 / 2", 0],
    ["repeat.index % 2 == 1", true],
    ["trigger.data.rooms[repeat.index - 2]", "b"],
    ['value("a/b/scene") in ["night", "away"]', true],
    ['value("lamp/light/on") ? "on" : "off"', "on"],
    ['value("not/yet/known") == null', true],
    ['value("not/yet/known") == null || value("not/yet/known") > 3', true],
    ['held("lamp/light/on") > 60 * 1000', true],
    ['available("lamp") && clockTrusted()', true],
    ['local().hour >= 6 && local().weekday in ["sat", "sun"]', true],
    ['now() - timestamp("2026-03-29T05:00:00Z") == duration("30m")', true],
    ['now().getHours("+07:00")', 12],
    ['string(now() + duration("90s"))', "2026-03-29T05:31:30Z"],
    [
      '{"a": now(), "b": duration("1m30s"), "c": [1, 2.5]}',
      { a: "2026-03-29T05:30:00Z", b: "90s", c: [1, 2.5] },
    ],
    ["math.round(trigger.value) + math.greatest(1, 2.5)", 25.5],
    ["[1, 2, 4.5].avg()", 2.5],
    ["max(trigger.data.rooms.map(room, size(room)))", 1],
    ['[duration("1m"), duration("30s")].sum()', "90s"],
    ['name.upperAscii() + ":" + "a,b".split(",").join("-").replace("-", "")', "HALL:ab"],
    ["has(trigger.data.level) && !has(trigger.data.other)", true],
    ["9007199254740993", "9007199254740993"],
  ])("%s", (source, expected) => {
    expect(evaluate(source)).toEqual(expected);
  });
});

describe("what has no value says why", () => {
  test.each([
    ['value("not/yet/known") < 3', "the value of not/yet/known is not known"],
    ['3 + value("not/yet/known")', "the value of not/yet/known is not known"],
    ['-value("not/yet/known")', "the value of not/yet/known is not known"],
    ['value("not/yet/known").size()', "the value of not/yet/known is not known"],
    ['value("not/yet/known").level', "the value of not/yet/known is not known"],
    ['value("not/yet/known")[0]', "the value of not/yet/known is not known"],
    ['value("not/yet/known").exists(x, x)', "the value of not/yet/known is not known"],
    ['value("not/yet/known") && true', "the value of not/yet/known is not known"],
    ['value("not/yet/known") ? 1 : 2', "the value of not/yet/known is not known"],
    ['value("not/yet/known").contains("a")', "the value of not/yet/known is not known"],
    ['held("not/yet/known") > 3', 'held("not/yet/known") is not known'],
    ["trigger.previous > 3", "trigger.previous is null"],
    ["trigger.data.other", "there is no member other"],
    ["trigger.data.rooms[2]", "no element 2 in a list of 2"],
    ["trigger.data.rooms[0.5]", "no element 0.5 in a list of 2"],
    ["limit", "the variable limit is not set"],
    ['value("a/b/scene") * 2', 'no "*" for a string and an int'],
    ['value("a/b/scene") < 2', "a string and an int have no order"],
    ["repeat.index / 0 == 1 || 1 / 0 == 1", "division by zero"],
    ["9223372036854775807 + 1", "the result does not fit into 64 bits"],
    ["trigger.value / 0", "the result is not a finite number"],
    ["type(1)", "the result is a type, int, which is no JSON"],
    ["{1: 2}", "the result has a key 1, which is no text"],
  ])("%s", (source, problem) => {
    expect(evaluate(source)).toBe(`! ${problem}`);
  });
});

describe("what is wrong before it runs", () => {
  test.each([
    ["triger.value", 0, 'unknown variable "triger"; did you mean "trigger"?'],
    ["trigger.vaule > 1", 0, 'trigger has no member "vaule"; did you mean "value"?'],
    ["local().hours", 0, 'it has no member "hours"; did you mean "hour"?'],
    ["1 + vlaue('a/b/c')", 4, 'unknown function vlaue(); did you mean "value"?'],
    ["abs(1)", 0, "unknown function abs(); did you mean math.abs()?"],
    ["math.rund(1.5)", 0, 'unknown function math.rund(); did you mean "math.round"?'],
    ["now > 1", 0, '"now" is a function; write now(…)'],
    ["value(trigger.id)", 6, 'value() wants a text as it is, such as value("lamp/light/on")'],
    ["available()", 0, "available() has 1 argument, not 0"],
    ["now(1)", 0, "now() has no arguments, not 1"],
    ["'a'.contains('a', 'b')", 0, "contains() has 1 argument, not 2"],
    ["'a'.substring()", 0, "substring() has 1 to 2 arguments, not 0"],
    ["contains('a', 'b')", 0, "contains() is written behind its first argument: x.contains(…)"],
    ["1.string()", 0, "string() is written string(x), not x.string()"],
    ["name.string()", 0, "string() is written string(x), not x.string()"],
    ['"a" + 1', 3, 'no "+" for a string and an int; a text is joined with a text: string(…) makes one'],
    ["1 < 'a'", 1, 'no "<" for an int and a string'],
    ["1 == 'a'", 1, "an int never equals a string"],
    ["true && 1", 8, "found an int, expected a bool beside &&"],
    ["!1", 1, 'found an int, expected a bool after "!"'],
    ["1 ? 2 : 3", 0, 'found an int, expected a bool before "?"'],
    ["[1].exists(x)", 0, ".exists has a variable and an expression, such as .exists(x, …)"],
    ["[1].map(1, 2)", 8, ".map wants the name of a variable first"],
    ["size(1)", 5, "found an int, expected a string or a list or a map for size()"],
    ["duration('5 min')", 0, '"5 min" is no duration such as "1h30m"'],
    ["timestamp('2026-02-30T00:00:00Z')", 0, '"2026-02-30T00:00:00Z" is no timestamp'],
    ["name.matches('(a')", 13, 'pattern of matches(): "(" without its ")"'],
    ["a = 1", 2, 'unexpected character "="; equality is "=="'],
    ["true and false", 5, 'found "and", expected an operator or the end; "and" is written &&'],
    ["", 0, "found the end, expected a value"],
    ["(1", 2, 'found the end, expected ")"'],
    ["[1, 2", 5, 'found the end, expected "," or "]"'],
    ["'abc", 0, "a text without its closing quote"],
    ["'\\q'", 1, "unknown escape \\q"],
    ["1u", 1, "there are no unsigned numbers here: leave out the u"],
    ["b'a'", 0, "there are no bytes here, only texts"],
    ["if", 0, '"if" is a reserved word'],
  ])("%s", (source, position, problem) => {
    const compiled = compileCel(source, ENVIRONMENT);
    expect(compiled).toMatchObject({
      ok: false,
      position,
      problem: expect.stringContaining(problem) as string,
    });
  });

  test("another type than the one that is asked for", () => {
    expect(compileCel("1 + 1", { result: "bool" })).toEqual({
      ok: false,
      problem: "the expression gives an int, expected a bool",
      position: 0,
    });
    const dynamic = compile('value("a/b/scene")', { result: "bool" });
    expect(evaluateCel(dynamic, SCOPE, { left: 10 })).toEqual({
      ok: false,
      problem: "the expression gives a string, expected a bool",
    });
  });

  test("a property that the host knows", () => {
    const environment: CelEnvironment = {
      property: (reference) =>
        reference === "lamp/light/on" ? { type: "bool" } : { problem: `unknown property ${reference}` },
    };
    expect(compileCel('1 + value("lamp/light/on")', environment)).toMatchObject({ position: 1 });
    expect(compileCel('value("lamp/light/on") == null', environment)).toMatchObject({ ok: true });
    expect(compileCel('true && held("x/y/z") > 1', environment)).toMatchObject({
      position: 13,
      problem: "unknown property x/y/z",
    });
  });
});

describe("what an expression depends on", () => {
  test("properties, Things and time", () => {
    const expression = compile(
      'value("a/b/c") == value("a/b/c") && quality("d/e/f") == "good" && [1].exists(x, held("g/h") > 1) && available("lamp")',
    );
    expect(expression.references).toEqual(["a/b/c", "d/e/f", "g/h"]);
    expect(expression.things).toEqual(["lamp"]);
    expect(expression.usesTime).toBe(true);
    expect(expression.type).toBe("bool");
  });

  test.each([
    ["now() > now()", true],
    ["local().hour > 1", true],
    ["clockTrusted()", true],
    ['value("a/b/c") > 1 && available("d")', false],
  ])("%s uses time: %s", (source, expected) => {
    expect(compile(source).usesTime).toBe(expected);
  });
});

test("the budget pays for each part and each element", () => {
  const budget = { left: 1_000 };
  evaluateCel(compile("1 + 2 * 3"), SCOPE, budget);
  expect(1_000 - budget.left).toBe(5);
  budget.left = 1_000;
  // The list and its walk 5, and for each of 3 elements 1 and the 3 of the body; 3 for the JSON of the result.
  evaluateCel(compile("[1, 2, 3].map(x, x * 2)"), SCOPE, budget);
  expect(1_000 - budget.left).toBe(5 + 3 * 4 + 3);
  expect(evaluate("[1, 2, 3].map(x, x * 2)", 19)).toBe("! the expression takes too many operations");
});

test("nothing absorbs a budget that is spent", () => {
  const spent = "! the expression takes too many operations";
  const sources = [
    "[1, 2, 3].exists(x, x > 5) || trigger.id == 'hot'",
    "[1, 2].exists(y, [1, 2].all(x, x < 5) || true)",
  ];
  for (const source of sources) {
    const { cost } = compile(source);
    expect(evaluate(source, cost + 100)).toBe(true);
    expect(evaluate(source, cost + 6)).toBe(spent);
  }
});
