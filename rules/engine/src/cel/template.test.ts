// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of Tram are what is tested.
import type { Json } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import type { CelScope } from "./evaluation.ts";
import { type CelTemplate, compileValue, evaluateTemplate } from "./template.ts";

const ENVIRONMENT = { variables: { trigger: ["value", "thing"], item: "dyn" } } as const;
const SCOPE: CelScope = {
  variable: (name) => (name === "trigger" ? { value: 21.5, thing: "lamp" } : undefined),
  call: (name) => (name === "value" ? null : true),
};

function compile(json: Json): CelTemplate {
  const compiled = compileValue(json, ENVIRONMENT);
  if (!compiled.ok) throw new Error(compiled.problem);
  return compiled.template;
}

function evaluate(json: Json): Json {
  const result = evaluateTemplate(compile(json), SCOPE, { left: 1_000 });
  return result.ok ? result.value : `! ${result.problem}`;
}

describe("a text", () => {
  test.each<[string, Json]>([
    ["nothing in it", "nothing in it"],
    ["", ""],
    ["${trigger.value}", 21.5],
    ["${ trigger.value > 20 }", true],
    [" ${trigger.value}", " 21.5"],
    ["${trigger.thing}: ${trigger.value} °C", "lamp: 21.5 °C"],
    ["${value('a/b/c')} and ${[1, 'a']} and ${{'a': {'b': 2}}}", 'null and [1,"a"] and {"a":{"b":2}}'],
    ["${'}'}${\"}}\"}", "}}}"],
    ["${{'a': '{'}.a}", "{"],
    ["${r'\\'}", "\\"],
    ["${'''a'b'''}!", "a'b!"],
    ["${1 // a comment }\n}", 1],
    ["$${trigger.value}", "${trigger.value}"],
    ["costs 5$ and $${x} and ${1 + 1}", "costs 5$ and ${x} and 2"],
    ["${1}$${2}${3}", "1${2}3"],
    ["$ { } $}", "$ { } $}"],
  ])("%j", (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  test("a fault is told with its place", () => {
    expect(compileValue("a ${trigger.valu} b", ENVIRONMENT)).toEqual({
      ok: false,
      problem: 'trigger has no member "valu"; did you mean "value"?',
      path: "",
      position: 4,
    });
    expect(compileValue("a ${1 + 'a", ENVIRONMENT)).toMatchObject({ position: 8 });
    expect(compileValue("a ${1", ENVIRONMENT)).toMatchObject({
      position: 4,
      problem: 'a template begins here and has no "}"',
    });
    expect(compileValue("${}")).toMatchObject({
      position: 2,
      problem: "there is no expression between the braces",
    });
    expect(evaluate("x ${value('a/b/c') + 1}")).toBe("! the value of a/b/c is not known");
  });
});

describe("JSON", () => {
  test("templates anywhere in it are filled", () => {
    const json = { level: "${trigger.value * 2}", list: [1, ["${trigger.thing}"], null], fixed: { a: true } };
    expect(evaluate(json)).toEqual({ level: 43, list: [1, ["lamp"], null], fixed: { a: true } });
    expect(compile(json).type).toBe("map");
    expect(compile([json]).type).toBe("list");
  });

  test("without templates it is the same object, and costs nothing", () => {
    const json = { a: [1, { b: null }], c: "text" };
    const template = compile(json);
    expect(template.constant).toBe(json);
    const budget = { left: 0 };
    expect(evaluateTemplate(template, SCOPE, budget)).toEqual({ ok: true, value: json });
    expect(compile({ a: "$${b}" }).constant).toEqual({ a: "${b}" });
  });

  test("keys are no templates, and a member may have any name", () => {
    const json: Json = JSON.parse('{"__proto__": "${trigger.value}", "${1}": 2}');
    expect(JSON.stringify(evaluate(json))).toBe('{"__proto__":21.5,"${1}":2}');
  });

  test("what it depends on comes from all of it", () => {
    const template = compile({
      a: "${value('a/b/c')} ${value('d/e/f')}",
      b: ["${available('lamp') && now() == now()}"],
    });
    expect(template.references).toEqual(["a/b/c", "d/e/f"]);
    expect(template.things).toEqual(["lamp"]);
    expect(template.usesTime).toBe(true);
    expect(compile("${value('a/b/c')}").usesTime).toBe(false);
  });

  test("a fault is told with its path", () => {
    expect(compileValue({ a: [1, { "b c": "${1 +}" }] }, ENVIRONMENT)).toEqual({
      ok: false,
      problem: "found the end, expected a value",
      path: 'a[1]["b c"]',
      position: 5,
    });
  });
});
