import { afterEach, describe, expect, test, vi } from "vitest";
import { RENDERINGS_OF_MESSAGE, readingOne } from "../../foreign/message-work.ts";
import { TEMPLATE_LIMITS } from "./limits.ts";
import { type Rendered, Template } from "./template.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function template(source: string): Template {
  const read = Template.read(source);
  if (typeof read === "string") throw new Error(read);
  return read;
}

function said(rendered: Rendered): string {
  return rendered.ok ? rendered.text : `problem: ${rendered.problem}`;
}

function render(source: string, payload = ""): string {
  return said(template(source).renderPayload(payload));
}

const STEPS = "problem: more than 10000 steps";
const TEXT = "problem: a text would be longer than 65536 characters";
const often = (statement: string): string => `{% for i in range(999) %}${statement}{% endfor %}`;

describe("a list that holds itself twice, and so on, is not written out", () => {
  const list = (times: number): string =>
    `{% set a = [1] %}{% for i in range(${times}) %}{% set a = [a, a] %}{% endfor %}`;

  test.each([
    "{{ a }}",
    "{{ a | to_json }}",
    "{{ a | string }}",
    "{{ a | join }}",
    "{{ a == [a] }}",
    "{{ a | float }}",
  ])("%s", (use) => {
    expect([STEPS, TEXT]).toContain(render(`${list(60)}${use}`));
    expect(render(`${list(100)}${use}`)).toBe("problem: a value is nested too deep");
  });

  test("what is small is", () => {
    expect(render(`${list(2)}{{ a }} {{ a | to_json }}`)).toBe(
      "[[[1], [1]], [[1], [1]]] [[[1],[1]],[[1],[1]]]",
    );
  });
});

test("values are written as Python and JSON do", () => {
  const names = { value: { a: [1, "x", null, true, []], "b'": {}, c: undefined } };
  expect(said(template("{{ value }}").render(names))).toBe(
    `{'a': [1, 'x', None, True, []], "b'": {}, 'c': }`,
  );
  expect(said(template("{{ value | to_json }}").render(names))).toBe(`{"a":[1,"x",null,true,[]],"b'":{}}`);
  expect(render("{{ {1: 'é\"', 'k': value_json.x} | to_json }}", "{}")).toBe('{"1":"é\\""}');
  expect(
    render("{{ value.replace('', '-') }} {{ value.replace('b', 'xy') }} {{ ' a ' | trim }}.", "abc"),
  ).toBe("-a-b-c- axyc a.");
});

describe("what takes long is counted by its size", () => {
  const text = "ab".repeat(10_000);
  const list = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => index));
  const object = JSON.stringify(
    Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`k${index}`, 1])),
  );

  test.each([
    ["value | list", text],
    ["value | upper", text],
    ["value | title", text],
    ["value | trim", text],
    ["value | reverse", text],
    ["value | length", text],
    ["value | float(0)", text],
    ["value | bool(0)", text],
    ["value | from_json", list],
    ["value.split('a')", text],
    ["value.split()", text],
    ["value.replace('a', 'b')", text],
    ["value.strip('a')", text],
    ["value.find('c')", text],
    ["'c' in value", text],
    ["value == value ~ 'x'", text],
    ["value < value", text],
    ["{value: 1}[value]", text],
    ["value_json | sort", list],
    ["value_json | sum", list],
    ["value_json | max", list],
    ["value_json | unique", list],
    ["value_json + value_json", list],
    ["value_json[1:]", list],
    ["-1 in value_json", list],
    ["value_json | string", list],
    ["value_json | to_json", list],
    ["value_json | length", object],
    ["value_json.items()", object],
    ["1 if value_json else 2", object],
    ["range(1000)", ""],
  ])("%s", (expression, payload) => {
    expect(render(`{% set x = ${expression} %}`, payload)).toBe("");
    expect(render(often(`{% set x = ${expression} %}`), payload)).toBe(STEPS);
  });

  test("a text within long ones is not looked for without end", () => {
    const half = "a".repeat(32_000);
    expect(render(`{{ (value[1:16000] ~ 'b' ~ value[1:16000]) in value }}`, half)).toBe(STEPS);
  });

  test("a joint that is long", () => {
    expect(render("{{ value | list | join(value) }}", "x".repeat(60_000))).toBe(TEXT);
  });
});

describe("payloads", () => {
  const digits = `${"1".repeat(260_000)}x`;
  const spaces = `x${" ".repeat(260_000)}x`;

  test.each([
    ["{{ value | float(0) }}", digits, "0"],
    ["{{ value | int(0) }}", digits, "0"],
    ["{{ value | round(1, default=3) }}", digits, "3"],
    ["{{ is_number(value) }}", digits, "False"],
    ["{{ is_number(value) }}", spaces, "False"],
    ["{{ (value | trim)[1] is defined }}", spaces, "True"],
    ["{{ value | float(0) }}", "0x10", "0"],
    ["{{ value | float(0) }}", "9007199254740993", "0"],
  ])("%s ends, whatever is read as a number", (source, payload, expected) => {
    expect(render(source, payload)).toBe(expected);
  });

  test("one that is too large is told", () => {
    expect(render("{{ value_json.a }}", `{"a":1,"b":"${"x".repeat(100_000)}"}`)).toBe("1");
    expect(render("{{ value_json.a }}", `{"a":1,"b":"${"x".repeat(TEMPLATE_LIMITS.payload)}"}`)).toBe(
      "problem: expected at most 262144 characters for a template, found more",
    );
    expect(render("{{ value }}", "x".repeat(65_537))).toBe(TEXT);
  });

  test.each([
    "{{ value_json }}",
    "{{ value_json | to_json }}",
    "{{ value_json == [1] }}",
    "{{ value | from_json }}",
  ])("%s of JSON that nests without end is of none", (source) => {
    expect(["", "null", "False"]).toContain(render(source, "[".repeat(30_000) + "]".repeat(30_000)));
  });

  test("their JSON is parsed once for all that read it", () => {
    const parse = vi.spyOn(JSON, "parse");
    const payload = JSON.stringify({ p: "x", junk: Array.from({ length: 500 }, (_, index) => index) });
    const each = template("{{ value_json.p }}");
    for (let index = 0; index < 100; index++) expect(said(each.renderPayload(payload))).toBe("x");
    expect(parse).toHaveBeenCalledTimes(1);
  });
});

test("what a problem quotes of a payload is cut", () => {
  expect(render("{{ value | float }}", "y".repeat(500))).toBe(
    `problem: expected a number, found '${"y".repeat(63)}…`,
  );
});

test("whatever is thrown is a problem of the template", () => {
  const names = {
    get value(): string {
      throw new RangeError("Maximum call stack size exceeded");
    },
  };
  expect(said(template("{{ value }}").render(names))).toBe("problem: Maximum call stack size exceeded");
});

test("a source with very much white space is refused, for its parser takes long", () => {
  expect(Template.read(`${" ".repeat(257)}{{ value }}`)).toBe("more than 256 spaces in a row");
  expect(Template.read(`${" ".repeat(256)}{{ value }}`)).toBeInstanceOf(Template);
});

describe("the templates that read one message share their work", () => {
  const heavy = template(often("{% set x = i + 1 %}"));
  const light = template("{{ value }}");
  const counted = (each: Template, times: number): number => {
    let done = 0;
    for (let index = 0; index < times; index++) if (each.renderPayload("1").ok) done++;
    return done;
  };

  test("many light ones do, of heavy ones only some", () => {
    expect(readingOne(() => counted(light, 1_024))).toBe(1_024);
    const done = readingOne(() => counted(heavy, 1_024));
    expect(done).toBeGreaterThanOrEqual(RENDERINGS_OF_MESSAGE);
    expect(done).toBeLessThan(3 * RENDERINGS_OF_MESSAGE);
    expect(readingOne(() => [counted(heavy, 100) < 100, said(heavy.renderPayload("1"))])).toEqual([
      true,
      "problem: too many templates read the message",
    ]);
  });

  test("the next message has its own, and commands are no part of it", () => {
    readingOne(() => {
      counted(heavy, 100);
      expect(said(heavy.render({}))).toBe("");
    });
    expect(readingOne(() => counted(heavy, 2))).toBe(2);
    expect(counted(heavy, 100)).toBe(100);
  });
});
