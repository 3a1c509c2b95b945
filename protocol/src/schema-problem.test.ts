import { type TSchema, Type } from "typebox";
import { describe, expect, test } from "vitest";
import { schemaProblems, show } from "./schema-problem.ts";
import { Compile } from "./validator.ts";

const Closed = { additionalProperties: false } as const;

function problemsOf(schema: TSchema, document: unknown): string[] {
  return schemaProblems(Compile(schema).Errors(document), document).map(
    ({ path, problem }) => `${path}: ${problem}`,
  );
}

test.each<[string, TSchema, unknown, string]>([
  ["type", Type.Number(), "3", 'expected a number, found "3"'],
  ["type with an article", Type.Integer(), 1.5, "expected an integer, found 1.5"],
  ["type of nothing", Type.Null(), 1, "expected nothing, found 1"],
  ["enum", Type.Enum(["a", "b"]), "c", 'expected one of a, b, found "c"'],
  ["const", Type.Literal("tcp"), "udp", 'expected "tcp", found "udp"'],
  ["minimum", Type.Number({ minimum: 1 }), 0, "expected >= 1, found 0"],
  ["maximum", Type.Number({ maximum: 1 }), 2, "expected <= 1, found 2"],
  ["exclusiveMinimum", Type.Number({ exclusiveMinimum: 1 }), 1, "expected > 1, found 1"],
  ["exclusiveMaximum", Type.Number({ exclusiveMaximum: 1 }), 1, "expected < 1, found 1"],
  ["pattern", Type.String({ pattern: "^a$" }), "b", 'expected text that matches ^a$, found "b"'],
  ["minLength", Type.String({ minLength: 2 }), "b", 'expected at least 2 characters, found "b"'],
  ["maxLength", Type.String({ maxLength: 1 }), "bb", 'expected at most 1 character, found "bb"'],
  ["minItems", Type.Array(Type.Any(), { minItems: 1 }), [], "expected at least 1 entry, found []"],
  ["maxItems", Type.Array(Type.Any(), { maxItems: 1 }), [1, 2], "expected at most 1 entry, found [1,2]"],
  [
    "maxProperties",
    Type.Record(Type.String(), Type.Any(), { maxProperties: 1 }),
    { a: 1, b: 2 },
    'expected at most 1 entry, found {"a":1,"b":2}',
  ],
  [
    "minProperties",
    Type.Object({}, { minProperties: 2 }),
    { a: 1 },
    'expected at least 2 entries, found {"a":1}',
  ],
  ["multipleOf", Type.Number({ multipleOf: 2 }), 3, "expected multiple of 2, found 3"],
  [
    "uniqueItems",
    Type.Array(Type.Any(), { uniqueItems: true }),
    [1, 1],
    "expected no entry twice, found [1,1]",
  ],
])("%s", (_keyword, schema, value, problem) => {
  expect(problemsOf(Type.Object({ here: schema }), { here: value })).toEqual([`here: ${problem}`]);
});

describe("a document", () => {
  const Port = Type.Integer({ minimum: 0, maximum: 65_535 });
  const Config = Type.Object(
    {
      mqtt: Type.Object(
        { port: Port, listeners: Type.Optional(Type.Array(Type.Object({ port: Port }))) },
        Closed,
      ),
    },
    Closed,
  );

  test.each<[string, unknown, string[]]>([
    ["that is no object", 3, [": expected an object, found 3"]],
    ["that is absent", undefined, [": expected an object, found nothing"]],
    ["without a key", {}, ["mqtt: is missing"]],
    ["without a key inside", { mqtt: {} }, ["mqtt.port: is missing"]],
    ["with an unknown key", { mqtt: { port: 1, prot: 2 } }, ["mqtt.prot: unknown key"]],
    [
      "with a wrong entry in a list",
      { mqtt: { port: 1, listeners: [{ port: 1 }, { port: "x" }] } },
      ['mqtt.listeners[1].port: expected an integer, found "x"'],
    ],
  ])("%s", (_name, document, problems) => {
    expect(problemsOf(Config, document)).toEqual(problems);
  });
});

test("a union names what each of its forms wanted, once", () => {
  const Scalar = Type.Union([Type.Boolean(), Type.Number(), Type.Integer(), Type.Number()]);
  expect(problemsOf(Type.Object({ to: Scalar }), { to: null })).toEqual([
    "to: expected a boolean or a number or an integer, found null",
  ]);
});

test("a union tells what is wrong with a key that only one of its forms knows", () => {
  const Form = Type.Union([
    Type.Object({ host: Type.String() }, Closed),
    Type.Object({ path: Type.String() }, Closed),
  ]);
  expect(problemsOf(Form, { host: 3 })).toContain("host: expected a string, found 3");
});

test("finds the value under keys with dots, slashes, tildes and brackets", () => {
  const Texts = Type.Record(Type.String(), Type.String());
  for (const key of ["a.b", "a/b", "a~1b", "a[0]", "0"]) {
    const [problem] = problemsOf(Texts, { [key]: 42 });
    expect(problem).toMatch(/expected a string, found 42$/);
  }
});

describe("show", () => {
  test.each<[unknown, string]>([
    ["x", '"x"'],
    [undefined, "nothing"],
    [null, "null"],
    [Number.NaN, "NaN"],
    [-0, "0"],
    [[1, { a: [2] }], '[1,{"a":[2]}]'],
    [{ n: 1n }, '{"n":"1"}'],
    ["y".repeat(100), `"${"y".repeat(59)}…`],
    [Array.from({ length: 1_000 }, () => 1), `[${"1,".repeat(29)}1…`],
  ])("case %#", (value, text) => {
    expect(show(value)).toBe(text);
  });

  test("survives what nests deeper than the stack", () => {
    expect(show(JSON.parse("[".repeat(100_000) + "]".repeat(100_000)))).toBe('[[[["…"]]]]');
  });
});
