import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Template } from "./template.ts";

function render(source: string, payload: string, names = {}): string {
  const template = Template.read(source);
  if (typeof template === "string") return `unreadable: ${template}`;
  const rendered = template.renderPayload(payload, names);
  return rendered.ok ? rendered.text : `problem: ${rendered.problem}`;
}

describe("what devices write", () => {
  test.each([
    ["{{ value }}", "21.5", "21.5"],
    ["{{ value_json.temperature }}", '{"temperature":21.5}', "21.5"],
    ["{{ value_json['temperature'] }}", '{"temperature":-3}', "-3"],
    ["{{value_json.ENERGY.Power}}", '{"ENERGY":{"Power":42}}', "42"],
    ["{{ value_json.ANALOG.A0 | int }}", '{"ANALOG":{"A0":"731"}}', "731"],
    ["{{ value_json.tempc | is_defined }}", '{"tempc":4}', "4"],
    ["{{ value_json.StatusSNS.Switch1 }}", '{"StatusSNS":{"Switch1":"ON"}}', "ON"],
    ["{{ value_json.a.0 }} {{ value_json.a[1] }} {{ value_json.a[-1] }}", '{"a":[1,2,3]}', "1 2 3"],
    ["{{ (value_json.brightness / 254 * 100) | round }}", '{"brightness":127}', "50"],
    ["{{ (value | float * 1.8 + 32) | round(1) }}", "21.46", "70.6"],
    ["{{ value_json.state if value_json.state is defined else 'OFF' }}", "{}", "OFF"],
    ["{{ value_json.battery | default(100) }}", "{}", "100"],
    ["{{ value_json.x | default('none', true) }}", '{"x":""}', "none"],
    ["{% if value_json.occupancy %}ON{% else %}OFF{% endif %}", '{"occupancy":true}', "ON"],
    ["{% if value == 'open' %}true{% elif value == 'closed' %}false{% endif %}", "closed", "false"],
    ["{{ 'ON' if value_json.alarm_1 == true else 'OFF' }}", '{"alarm_1":true}', "ON"],
    ["{{ value_json.contact }}", '{"contact":false}', "False"],
    ["{{ value.split(',')[1] | trim }}", "a, b ,c", "b"],
    ["{{ value[4:] if value.startswith('rgb,') else '' }}", "rgb,255,0,7", "255,0,7"],
    ["{{ value | upper ~ '-' ~ value | lower }}", "aB", "AB-ab"],
    ["{{ value_json.color.x | round(3) }}", '{"color":{"x":0.31271}}', "0.313"],
    ["{{ value_json.get('a', 7) }} {{ value_json.get('b', 7) }}", '{"a":1}', "1 7"],
    ["{{ 'heat' in value_json.modes and 'cool' not in value_json.modes }}", '{"modes":["heat"]}', "True"],
    ["{{ {'event_type': value} | tojson }}", "press", '{"event_type":"press"}'],
    [
      "{% set values = {None:None,'idle':'idle','heat':'heating','cool':'cooling'} %}{{ values[value_json.running_state] }}",
      '{"running_state":"heat"}',
      "heating",
    ],
    [
      "{% for key, item in value_json.items() %}{{ key }}={{ item }};{% endfor %}",
      '{"a":1,"b":"x"}',
      "a=1;b=x;",
    ],
    ["{{ value_json | length }} {{ value_json | first }} {{ value_json | max }}", "[3,9,4]", "3 3 9"],
    ["{{ value | int(0) }} {{ value | float(default=1.5) }}", "many", "0 1.5"],
    ["{{ iif(value == '1', 'ON', 'OFF') }}", "1", "ON"],
    ["{{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 3 }}", "", "-4 2 8"],
    ["{{ 2.5 | round }} {{ 3.5 | round }} {{ 1.005 | round(2, 'ceil') }}", "", "2 4 1.01"],
    ["{{ value is none }} {{ value_json is none }} {{ value_json.x is not defined }}", "null", "problem"],
    ["{# a comment #}{{ value }}", "7", "7"],
    ["{{ value_json.missing }}", "{}", ""],
  ])("%s", (source, payload, expected) => {
    if (expected === "problem") expect(render(source, payload)).toMatch(/^problem: /);
    else expect(render(source, payload)).toBe(expected);
  });
});

test("it knows other names", () => {
  expect(render("{{ name }}: {{ value }}", "1", { name: "lamp" })).toBe("lamp: 1");
});

describe("what cannot be is told", () => {
  test.each([
    ["{{ value_json.a.b }}", "{}", "problem: something undefined has no member 'b'"],
    ["{{ value_json.a }}", "no JSON", "problem: something undefined has no member 'a'"],
    ["{{ value | float }}", "many", "problem: expected a number, found 'many'"],
    ["{{ value_json.x | is_defined }}", "{}", "problem: the value is not defined"],
    ["{{ 1 / 0 }}", "", "problem: the result is no number"],
    ["{{ states('sensor.x') }}", "", "unreadable: not supported: function states"],
    ["{{ value | regex_replace('a+', '') }}", "", "unreadable: not supported: filter regex_replace"],
    ["{{ value is matching }}", "", "unreadable: not supported: test matching"],
    ["{{ value.format(1) }}", "", "unreadable: not supported: method format"],
    ["{% macro m() %}x{% endmacro %}", "", "unreadable: not supported: Macro"],
  ])("%s", (source, payload, expected) => {
    expect(render(source, payload)).toBe(expected);
  });

  test.each(["{{", "{{ value", "{% if value %}x", "{{ value | }}", "{{ [1, }}", "{{ {'a' }}", "{{ ( }}"])(
    "%s is no template",
    (source) => {
      expect(render(source, "")).toMatch(/^unreadable: no template: /);
    },
  );
});

describe("nothing of the program is within reach, and no work is without end", () => {
  test.each([
    "{{ value.constructor }}",
    "{{ value_json.constructor }}",
    "{{ value_json.__proto__ }}",
    "{{ value_json['__proto__'] }}",
    "{{ value_json.toString }}",
    "{{ [].constructor }}",
    "{{ {}.constructor }}",
    "{{ value_json.list.map }}",
  ])("%s is nothing", (source) => {
    expect(render(source, '{"list":[1]}')).toBe("");
  });

  test.each([
    "{{ range.constructor('return process.pid')() }}",
    "{{ value.constructor() }}",
    "{{ value | constructor }}",
    "{{ value is constructor }}",
    "{{ toString() }}",
    "{{ ''.__class__.__mro__() }}",
  ])("%s is refused", (source) => {
    expect(render(source, "{}")).toMatch(/^(?:unreadable: not supported|problem): /);
  });

  test.each([
    [
      "a loop in a loop in a loop",
      "{% for a in range(999) %}{% for b in range(999) %}x{% endfor %}{% endfor %}",
    ],
    ["loops that say nothing", "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}"],
    ["a range", "{{ range(1000000000) | length }}"],
    ["a range of steps of nothing", "{{ range(1, 2, 0) | length }}"],
    ["doubling", `{% set a = 'x' %}${"{% set a = a ~ a %}".repeat(40)}{{ a }}`],
    [
      "doubling by replacing",
      `{% set a = 'xx' %}${"{% set a = a | replace('x', 'xxxxxxxxxx') %}".repeat(12)}{{ a }}`,
    ],
    ["doubling by joining", `{% set a = 'xxxxxxxx' %}${"{% set a = a | list | join(a) %}".repeat(6)}{{ a }}`],
    ["a list of itself", `{% set a = [1] %}${"{% set a = [a, a] %}".repeat(60)}{{ a }}`],
    ["a text times a number", "{{ 'x' * 1000000000 }}"],
    ["a power", "{{ 9 ** 9 ** 9 ** 9 }}"],
    ["brackets", `{{ ${"(".repeat(3_000)}1${")".repeat(3_000)} }}`],
    ["minus", `{{ ${"-".repeat(8_000)}1 }}`],
    ["ifs", `${"{% if 1 %}".repeat(400)}x${"{% endif %}".repeat(400)}`],
    ["a long source", `{{ '${"x".repeat(9_000)}' }}`],
  ])("%s ends", (_what, source) => {
    const begun = process.cpuUsage();
    expect(render(source, "")).toMatch(/^(?:unreadable|problem): /);
    const { system, user } = process.cpuUsage(begun);
    // Bounded, not fast: a machine under load takes its time, a bomb takes minutes.
    expect((system + user) / 1_000).toBeLessThan(2_000);
  });
});

test("whatever it is given, it answers", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ..."{{|}}|{%|%}|value|value_json|.|[|]|(|)|'|\"|+|-|*|/|~|==|<|if|else|endif|for|in|endfor|set|=|,|:|{|}|not|is|defined|round|default|join|split|0|1|1e9|x| ".split(
        "|",
      ),
    ),
    fc.constantFrom(" | ", "|"),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.json(), (pieces, payload) => {
      expect(typeof render(`{{ ${pieces.join(" ")} }}`, payload)).toBe("string");
      expect(typeof render(pieces.join(""), payload)).toBe("string");
    }),
    { numRuns: 5_000 },
  );
});
