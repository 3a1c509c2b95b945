import type { Json } from "@tram/protocol";
import { expect, test } from "vitest";
import type { CelScope } from "./evaluation.ts";
import { compileCel, evaluateCel } from "./expression.ts";
import { compileValue, evaluateTemplate } from "./template.ts";

/** Texts of people who mean harm: each ends with a problem or a value, soon. */
const SOON_MS = 1_500;
const BUDGET = 100_000;
const LONG = "a".repeat(60_000);
const BIG_LIST = Array.from({ length: 10_000 }, (_, index) => index);
const BIG_MAP = Object.fromEntries(BIG_LIST.map((index) => [`key ${index}`, index]));
const INPUTS = new Map<string, Json>([
  ["long", LONG],
  ["twin", `${LONG.slice(1)}a`],
  ["list", BIG_LIST],
  ["map", BIG_MAP],
  ["mirror", { ...BIG_MAP }],
  ["deep", deepList(100_000)],
]);
function deepList(levels: number): Json {
  let deep: Json = 1;
  for (let level = 0; level < levels; level++) deep = [deep];
  return deep;
}

const SCOPE: CelScope = {
  variable: (name) => INPUTS.get(name),
  call: () => null,
};

function attack(source: string, left = BUDGET): string {
  const begin = performance.now();
  const compiled = compileCel(source, {
    variables: Object.fromEntries([...INPUTS.keys()].map((name) => [name, "dyn"])),
  });
  const budget = { left };
  const result = compiled.ok ? evaluateCel(compiled.expression, SCOPE, budget) : compiled;
  expect(performance.now() - begin).toBeLessThan(SOON_MS);
  expect(budget.left).toBeGreaterThanOrEqual(0);
  return result.ok ? `value of ${JSON.stringify(result.value).length} characters` : result.problem;
}

test.each([
  ["10 MB of brackets", "(".repeat(10_000_000), "at most 4096 characters"],
  ["10 MB of digits", "1".repeat(10_000_000), "at most 4096 characters"],
  ["10 MB of a text", `"${"x".repeat(10_000_000)}"`, "at most 4096 characters"],
  ["4 kB of brackets", "(".repeat(4_000), "nested deeper than 64 levels"],
  ["4 kB of digits", "1".repeat(4_000), "more than 64 bits"],
  ["4 kB of a fraction", `1.${"1".repeat(4_000)}`, "value of"],
  ["an open text", `"${"x".repeat(4_000)}`, "a text without its closing quote"],
  ["10 MB of spaces", " ".repeat(10_000_000), "at most 4096 characters"],
  ["many signs", "-".repeat(4_000), "too many signs in a row"],
  ["many nots", `${"!".repeat(4_000)}true`, "too many signs in a row"],
  ["nested lists", `${"[".repeat(60)}1${"]".repeat(60)}`, "nests deeper"],
  ["more nested lists", `${"[".repeat(2_000)}1${"]".repeat(2_000)}`, "nested deeper than 64 levels"],
  ["many choices", `${"true ? 1 : ".repeat(300)}1`, "nested deeper than 64 levels"],
  ["a long sum", `1${" + 1".repeat(1_000)}`, "more than 200 operators in a row"],
  ["a long row of members", `long${".a".repeat(1_000)}`, "more than 200 operators in a row"],
  ["a long row of ands", `true${" && true".repeat(500)}`, "value of"],
])("%s", (_, source, expected) => {
  expect(attack(source)).toContain(expected);
});

const OVER = "the expression takes too many operations";
test.each([
  ["nested walks", "list.map(a, list.map(b, list.map(c, list.map(d, a + b + c + d))))", OVER],
  ["nested tests", `${"[0, 1].all(x, ".repeat(20)}1 / 0 == 1${")".repeat(20)}`, OVER],
  ["a list of lists of lists", `["foo", "bar"]${".map(x, [x + x, x + x])".repeat(12)}`, OVER],
  ["lists shared 2^30 times", `["a"]${".map(x, [x, x])".repeat(30)}`, OVER],
  [
    "lists shared and compared",
    `["a"]${".map(x, [x, x])".repeat(30)} == ["a"]${".map(x, [x, x])".repeat(30)}`,
    OVER,
  ],
  ["a text doubled 30 times", `["aaaaaaaa"]${".map(x, x + x)".repeat(30)}`, "more than 65536 characters"],
  ["a list doubled 30 times", `[[1, 2]]${".map(x, x + x)".repeat(30)}`, "more than 10000 elements"],
  ["texts joined", 'list.map(x, long).join("")', "more than 65536 characters"],
  ["a text replaced by long ones", 'long.substring(59000).replace("a", long)', "more than 65536 characters"],
  ["a text replaced by nothing but more", 'long.replace("", "aaaaaaaa")', "more than 65536 characters"],
  ["a text cut into letters", 'long.split("")', "more than 10000 elements"],
  ["a long needle", 'long.contains(long.substring(1) + "b") || long.contains("b" + long)', OVER],
  ["membership over and over", "list.all(x, !((x + 0.5) in list))", OVER],
  ["long texts ordered over and over", "list.all(x, long <= twin)", OVER],
  ["long texts compared over and over", "list.all(x, long == twin)", OVER],
  ["the greatest of long texts", "max(list.map(x, x % 2 == 0 ? long : twin)) == twin", OVER],
  ["large maps counted over and over", "list.all(x, size(map) > 1)", OVER],
  ["large maps walked over and over", "list.all(x, map.exists(key, true))", OVER],
  ["large maps compared over and over", "list.all(x, map == mirror)", OVER],
  ["values that nest without end, compared", "deep == [deep]", "nest deeper than 64 levels"],
  ["values that nest without end, as they are", "deep", "nests deeper than 32 levels"],
  ["errors over and over", "list.exists(x, x.foo)", "a double has no member foo"],
])("%s costs what it takes", (_, source, expected) => {
  expect(attack(source, 100_000)).toContain(expected);
});

test.each([
  "(a+)+$b",
  "(a|aa)+b",
  "(a*)*b",
  "(a|a?)+b",
  "(.*)*(.*)*b",
  "(a{1,20}){1,20}b",
  "((a?){30}a{30})+b",
])("the pattern %s ends on a long text", (pattern) => {
  expect(attack(`long.matches("${pattern}")`, 1_000_000)).toMatch(/value of|too many operations|too long/);
  expect(attack(`long.matches("${pattern}")`)).toMatch(/value of|too many operations|too long/);
});

test.each([
  ["repetitions of repetitions", `${"(".repeat(10)}a${"{100})".repeat(10)}`, "written out"],
  ["a repetition of nothing", "(*)", "nothing to repeat"],
  ["repetitions of empty groups", `${"(".repeat(10)}()${"{1000})".repeat(10)}`, "written out"],
  ["deep groups", "(".repeat(900), "too deep"],
  ["a long pattern", "a".repeat(2_000), "at most 1000 characters"],
])("a pattern of %s is refused", (_, pattern, expected) => {
  expect(attack(`long.matches('${pattern}')`)).toContain(expected);
});

test("a prototype is no map", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    expect(attack(`{"a": 1}.${name}`)).toBe(`there is no member ${name}`);
    expect(attack(`has({"a": 1}.${name})`)).toBe("value of 5 characters");
    expect(attack(name)).toContain("unknown variable");
    expect(attack(`${name}()`)).toContain("unknown function");
    expect(attack(`list.${name}()`)).toContain("unknown function");
  }
  const made = compileCel('{"__proto__": {"polluted": true}}');
  if (!made.ok) throw new Error(made.problem);
  const result = evaluateCel(made.expression, SCOPE, { left: 100 });
  expect(JSON.stringify(result)).toBe('{"ok":true,"value":{"__proto__":{"polluted":true}}}');
  expect("polluted" in {}).toBe(false);
});

test("templates of any size end", () => {
  const begin = performance.now();
  expect(compileValue(`\${`.repeat(1_000_000)).ok).toBe(false);
  expect(compileValue(`\${`.repeat(30_000)).ok).toBe(false);
  expect(compileValue(`\${${" ".repeat(60_000)}1}`)).toMatchObject({
    problem: "an expression has at most 4096 characters",
  });
  expect(compileValue(`\${1}`.repeat(10_000))).toMatchObject({
    problem: "a template has at most 200 expressions",
  });
  expect(compileValue(`\${"${"}".repeat(5_000)}"}`)).toMatchObject({ ok: false });
  let deep: Json = `\${1}`;
  for (let level = 0; level < 10_000; level++) deep = [deep];
  expect(compileValue(deep)).toMatchObject({
    problem: "nested deeper than 32 levels",
  });
  const wide = compileValue(`\${long}\${long}`, { variables: { long: "string" } });
  if (!wide.ok) throw new Error(wide.problem);
  expect(evaluateTemplate(wide.template, SCOPE, { left: BUDGET })).toEqual({
    ok: false,
    problem: "a text of more than 65536 characters",
  });
  expect(performance.now() - begin).toBeLessThan(SOON_MS);
});
