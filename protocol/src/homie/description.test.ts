import fc from "fast-check";
import { Compile } from "typebox/compile";
import { describe, expect, test } from "vitest";
import type { ThingId } from "../ids.ts";
import type { Json } from "../json.ts";
import { type PropertyAffordance, Thing } from "../thing.ts";
import { homieDescription, parseHomieDescription } from "./description.ts";

const LAMP = "lamp" as ThingId;
const validator = Compile(Thing);

/** A description with one property `light/level`. */
function described(property: Json, device: Record<string, Json> = {}): string {
  return JSON.stringify({
    homie: "5.0",
    version: 1,
    nodes: { light: { properties: { level: property } } },
    ...device,
  });
}

function propertyOf(text: string): PropertyAffordance | undefined {
  const result = parseHomieDescription(LAMP, text);
  if (!result.ok) throw new Error(`${result.path}: ${result.problem}`);
  return result.thing.properties["light/level"];
}

describe("reads", () => {
  test("a whole device", () => {
    const text = JSON.stringify({
      homie: "5.1",
      version: 7,
      name: "Lamp",
      root: "bridge",
      parent: "bridge",
      children: ["lamp-a"],
      extensions: ["org.example"],
      nodes: {
        light: {
          name: "Light",
          type: "dimmer",
          properties: {
            level: { name: "Level", datatype: "float", format: "0:1:0.1", unit: "%", settable: true },
            button: { datatype: "enum", format: "short,long", retained: false },
          },
        },
      },
    });
    expect(parseHomieDescription(LAMP, text)).toEqual({
      ok: true,
      parent: "bridge",
      children: ["lamp-a"],
      thing: {
        id: "lamp",
        title: "Lamp",
        nodes: { light: { title: "Light" } },
        properties: {
          "light/level": {
            title: "Level",
            type: "number",
            minimum: 0,
            maximum: 1,
            multipleOf: 0.1,
            unit: "%",
            observable: true,
          },
          "light/button": {
            title: "button",
            type: "string",
            enum: ["short", "long"],
            readOnly: true,
            momentary: true,
            observable: true,
          },
        },
      },
    });
  });

  test.each<[Json, Partial<PropertyAffordance>]>([
    [{ datatype: "integer" }, { type: "integer" }],
    [{ datatype: "integer", format: ":" }, { type: "integer" }],
    [{ datatype: "integer", format: "" }, { type: "integer" }],
    [
      { datatype: "integer", format: ":10" },
      { type: "integer", maximum: 10 },
    ],
    [
      { datatype: "float", format: "-5:" },
      { type: "number", minimum: -5 },
    ],
    [
      { datatype: "float", format: "0:1e3:2.5" },
      { type: "number", maximum: 1_000, multipleOf: 2.5 },
    ],
    [{ datatype: "boolean", format: "off,on" }, { type: "boolean" }],
    [{ datatype: "string" }, { type: "string" }],
    [
      { datatype: "color", format: "rgb" },
      { type: "string", format: "color" },
    ],
    [{ datatype: "datetime" }, { type: "string", format: "date-time" }],
    [{ datatype: "duration" }, { type: "string", format: "duration" }],
    [{ datatype: "json" }, { type: "object" }],
    [{ datatype: "json", format: '{"type":"array"}' }, { type: "array" }],
    [{ datatype: "json", format: '{ "items": {}, "type" : "array" }' }, { type: "array" }],
    [
      { datatype: "json", format: '{"type":"object","properties":{"list":{"type":"array"}}}' },
      { type: "object" },
    ],
    [{ datatype: "json", format: "not a schema" }, { type: "object" }],
    [{ datatype: "string", unit: "" }, { type: "string" }],
    [{ datatype: "string", unit: "u".repeat(40) }, { unit: "u".repeat(32) }],
  ])("%j", (property, affordance) => {
    expect(propertyOf(described(property))).toMatchObject(affordance);
  });

  test("ids that are names of JavaScript", () => {
    const text =
      '{"homie":"5.0","version":1,"nodes":{"constructor":{"properties":{"constructor":{"datatype":"boolean"}}}}}';
    const result = parseHomieDescription("constructor" as ThingId, text);
    expect(result).toMatchObject({ ok: true, thing: { nodes: { constructor: { title: "constructor" } } } });
    if (!result.ok) return;
    expect(JSON.parse(homieDescription(result.thing)).nodes.constructor.properties.constructor).toEqual({
      name: "constructor",
      datatype: "boolean",
    });
  });
});

describe("refuses, with the exact path,", () => {
  const level = "nodes.light.properties.level";
  const many = Object.fromEntries(
    Array.from({ length: 513 }, (_, index) => [`p${index}`, { datatype: "boolean" }]),
  );

  test.each<[string, string, string, string | RegExp]>([
    ["what is no JSON", "{", "$description", /^expected JSON: /],
    ["a list", "[]", "$description", "expected an object, found []"],
    ["null", "null", "$description", "expected an object, found null"],
    ["no version of the convention", "{}", "homie", 'expected "5.x", found nothing'],
    ["another convention", described({}, { homie: "4.0" }), "homie", 'expected "5.x", found "4.0"'],
    ["a number as convention", described({}, { homie: 5 }), "homie", "expected a string, found 5"],
    ["no version", described({}, { version: null }), "version", "expected an integer, found null"],
    [
      "a version with a fraction",
      described({}, { version: 1.5 }),
      "version",
      "expected an integer, found 1.5",
    ],
    ["nodes in a list", described({}, { nodes: [] }), "nodes", "expected an object, found []"],
    [
      "a node that is none",
      described({}, { nodes: { light: 1 } }),
      "nodes.light",
      "expected an object, found 1",
    ],
    [
      "a node with a wrong id",
      described({}, { nodes: { "My Light": {} } }),
      "nodes",
      'expected ids of a-z, 0-9 and -, found "My Light"',
    ],
    [
      "a node named __proto__",
      '{"homie":"5.0","version":1,"nodes":{"__proto__":{"properties":{}}}}',
      "nodes",
      'expected ids of a-z, 0-9 and -, found "__proto__"',
    ],
    [
      "a property named __proto__",
      '{"homie":"5.0","version":1,"nodes":{"light":{"properties":{"__proto__":{"datatype":"string"}}}}}',
      "nodes.light.properties",
      'expected ids of a-z, 0-9 and -, found "__proto__"',
    ],
    [
      "a node's name that is none",
      described({}, { nodes: { light: { name: 3 } } }),
      "nodes.light.name",
      "expected a string, found 3",
    ],
    ["a property that is none", described("x"), level, 'expected an object, found "x"'],
    ["no datatype", described({}), `${level}.datatype`, /found nothing$/],
    ["a datatype of Homie 3", described({ datatype: "percent" }), `${level}.datatype`, /found "percent"$/],
    [
      "`settable` in words",
      described({ datatype: "boolean", settable: "true" }),
      `${level}.settable`,
      'expected true or false, found "true"',
    ],
    [
      "a unit that is none",
      described({ datatype: "float", unit: 3 }),
      `${level}.unit`,
      "expected a string, found 3",
    ],
    ...["0-10", "5", "a:b", "0x0:0x10", " : ", "Infinity:", "NaN:", "0:1:2:3", "1e400:", "0,5:1"].map(
      (format): [string, string, string, string] => [
        `the range ${format}`,
        described({ datatype: "integer", format }),
        `${level}.format`,
        `expected [min]:[max][:step], found "${format}"`,
      ],
    ),
    [
      "a step of 0",
      described({ datatype: "integer", format: "0:10:0" }),
      `${level}.format`,
      "expected a step above 0, found 0",
    ],
    [
      "a range upside down",
      described({ datatype: "integer", format: "10:0" }),
      `${level}.format`,
      'expected min ≤ max, found "10:0"',
    ],
    ...[undefined, "", "a,,b", "v".repeat(129), Array.from({ length: 257 }, String).join(",")].map(
      (format): [string, string, string, RegExp] => [
        `the enumeration ${format?.slice(0, 9)}`,
        described({ datatype: "enum", ...(format === undefined ? {} : { format }) }),
        `${level}.format`,
        /^expected 1 to 256 values of 1 to 128 characters, separated by commas, found /,
      ],
    ),
    [
      "more than 512 properties",
      described({}, { nodes: { light: { properties: many } } }),
      "nodes",
      "expected at most 512 properties",
    ],
    [
      "a parent that is no id",
      described({ datatype: "string" }, { parent: "../up" }),
      "parent",
      /found "..\/up"$/,
    ],
    [
      "children that are no ids",
      described({ datatype: "string" }, { children: [1] }),
      "children",
      "expected a list of ids, found [1]",
    ],
  ])("%s", (_name, text, path, problem) => {
    const expected = typeof problem === "string" ? problem : expect.stringMatching(problem);
    expect(parseHomieDescription(LAMP, text)).toEqual({ ok: false, path, problem: expected });
  });

  test("what nests deeper than the stack", () => {
    const abyss = "[".repeat(100_000) + "]".repeat(100_000);
    for (const key of ["homie", "version", "name", "nodes", "parent", "children"]) {
      const result = parseHomieDescription(LAMP, `{"homie":"5.0","version":1,"${key}":${abyss}}`);
      expect(result).toEqual({ ok: false, path: key, problem: expect.stringMatching(/^.{1,120}$/) });
    }
  });
});

/** Things as Homie can tell them: what it has no words for comes back as its defaults. */
const text = fc.string({ minLength: 1, maxLength: 20 });
const id = fc.oneof(fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,6}[a-z0-9])?$/), fc.constant("constructor"));
const limits = fc
  .record(
    {
      minimum: fc.integer({ min: -99, max: 0 }).map((it) => it / 10),
      maximum: fc.integer({ min: 1, max: 99 }).map((it) => it / 10),
      multipleOf: fc.constantFrom(0.1, 1, 0.25, 1e-7, 1e21),
    },
    { requiredKeys: [] },
  )
  .chain((range) => fc.constantFrom("integer", "number").map((type) => ({ type, ...range })));
const datatype = fc.oneof(
  limits,
  fc.constantFrom("boolean", "string", "object", "array").map((type) => ({ type })),
  fc.uniqueArray(fc.stringMatching(/^[^,]{1,9}$/), { minLength: 1, maxLength: 5 }).map((values) => ({
    type: "string",
    enum: values,
  })),
  fc.constantFrom("color", "date-time", "duration").map((format) => ({ type: "string", format })),
);
const flag = fc.constant(true as const);
const affordance = fc
  .tuple(datatype, fc.record({ readOnly: flag, momentary: flag, unit: text }, { requiredKeys: [] }), text)
  .map(([schema, flags, title]) => ({ ...schema, ...flags, title, observable: true }) as PropertyAffordance);
const thing = fc
  .record({
    title: text,
    nodes: fc.dictionary(
      id,
      fc.record({ title: text, properties: fc.dictionary(id, affordance, { minKeys: 1, maxKeys: 4 }) }),
      { maxKeys: 4 },
    ),
  })
  .map(({ title, nodes }): Thing => {
    const all = Object.entries(nodes);
    return {
      id: LAMP,
      title,
      nodes: Object.fromEntries(all.map(([node, { title }]) => [node, { title }])),
      properties: Object.fromEntries(
        all.flatMap(([node, { properties }]) =>
          Object.entries(properties).map(([name, property]) => [`${node}/${name}`, property]),
        ),
      ),
    };
  });

test("a Thing that is described to Homie and read again is the same Thing", () => {
  fc.assert(
    fc.property(thing, (thing) => {
      expect(parseHomieDescription(LAMP, homieDescription(thing))).toEqual({ ok: true, thing, children: [] });
    }),
    { numRuns: 200 },
  );
});

test("relations are told, and the version changes with the content alone", () => {
  const lamp: Thing = { id: LAMP, title: "Lamp", properties: { "light/on": { type: "boolean" } } };
  const root = "gateway" as ThingId;
  expect(parseHomieDescription(LAMP, homieDescription(lamp, { root }))).toMatchObject({ parent: root });
  expect(parseHomieDescription(root, homieDescription(lamp, { children: [LAMP] }))).toMatchObject({
    children: [LAMP],
  });
  const version = (it: Thing): unknown => JSON.parse(homieDescription(it)).version;
  expect(version({ ...lamp })).toBe(version(lamp));
  expect(version({ ...lamp, title: "Lamp 2" })).not.toBe(version(lamp));
});

test("words that Homie does not have for a datatype are not told", () => {
  const odd: Thing = {
    id: LAMP,
    title: "Lamp",
    properties: {
      "a/flag": { type: "boolean", minimum: 0, maximum: 1 },
      "a/level": { type: "integer", enum: ["low"], format: "color" },
    },
  };
  const { properties } = JSON.parse(homieDescription(odd)).nodes.a;
  expect(properties.flag.format).toBeUndefined();
  expect(properties.level.format).toBeUndefined();
});

describe("no description makes the reader throw, and what it accepts is a valid Thing", () => {
  function survives(text: string): void {
    const result = parseHomieDescription(LAMP, text);
    if (result.ok) expect([...validator.Errors(result.thing)]).toEqual([]);
    else expect(result.problem.length).toBeLessThan(300);
  }

  test("random text and random JSON", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), survives), { numRuns: 300 });
  });

  test("random JSON in the place of each part", () => {
    const part = fc.jsonValue();
    fc.assert(
      fc.property(
        fc.record(
          { homie: part, version: part, name: part, nodes: part, parent: part, children: part },
          { requiredKeys: [] },
        ),
        part,
        part,
        (device, node, property) => {
          const sound = { homie: "5.0", version: 1 };
          survives(JSON.stringify({ ...sound, ...device }));
          survives(JSON.stringify({ ...sound, nodes: { a: node } }));
          survives(JSON.stringify({ ...sound, nodes: { a: { properties: { b: property } } } }));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("random words in the place of each word of a property", () => {
    const word = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.string(),
      fc.constantFrom("0:1", "a,b", ":::", "1:0:-1"),
    );
    const datatypes = fc.constantFrom("integer", "float", "enum", "color", "json", "boolean", "x");
    const property = fc.record(
      { name: word, datatype: datatypes, format: word, settable: word, retained: word, unit: word },
      { requiredKeys: ["datatype"] },
    );
    fc.assert(
      fc.property(property, (property) => survives(described(property as Json))),
      { numRuns: 500 },
    );
  });

  test("valid descriptions with a piece cut out or doubled", () => {
    fc.assert(
      fc.property(thing, fc.nat(), fc.nat(40), fc.boolean(), (thing, at, length, doubled) => {
        const whole = homieDescription(thing);
        const start = at % whole.length;
        survives(
          whole.slice(0, start + (doubled ? length : 0)) + whole.slice(start + (doubled ? 0 : length)),
        );
      }),
      { numRuns: 300 },
    );
  });
});
