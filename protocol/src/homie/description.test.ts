import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ThingId } from "../ids.ts";
import type { Json } from "../json.ts";
import { type PropertyAffordance, Thing } from "../thing.ts";
import { Compile } from "../validator.ts";
import { DESCRIPTION_LIMIT_BYTES, parseHomieDescription } from "./description.ts";
import { homieDescription } from "./description-out.ts";

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
      children: ["lamp-a"],
      refused: [],
      thing: {
        id: "lamp",
        title: "Lamp",
        parent: "bridge",
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
    [
      { datatype: "boolean", format: "off,on" },
      { type: "boolean", labels: ["off", "on"] },
    ],
    [
      { datatype: "integer", format: "-9223372036854775808:9223372036854775807" },
      { type: "integer", minimum: -(2 ** 63), maximum: 2 ** 63 },
    ],
    [{ datatype: "string" }, { type: "string" }],
    [
      { datatype: "color", format: "hsv,rgb" },
      { type: "string", format: "color", colorFormats: ["hsv", "rgb"] },
    ],
    [{ datatype: "datetime" }, { type: "string", format: "date-time" }],
    [{ datatype: "duration" }, { type: "string", format: "duration" }],
    [{ datatype: "json" }, { type: "object", orArray: true }],
    [{ datatype: "json", format: '{"type":"array"}' }, { type: "array" }],
    [{ datatype: "json", format: '{ "items": {}, "type" : "array" }' }, { type: "array" }],
    [
      { datatype: "json", format: '{"type":"object","properties":{"list":{"type":"array"}}}' },
      { type: "object" },
    ],
    [
      {
        datatype: "json",
        format: '{"type":"object","required":["on"],"properties":{"on":{"type":"boolean"}}}',
      },
      { type: "object", required: ["on"], properties: { on: { type: "boolean" } } },
    ],
    [
      { datatype: "json", format: "not a schema" },
      { type: "object", orArray: true },
    ],
    [
      { datatype: "json", format: '{"$ref":"#"}' },
      { type: "object", orArray: true },
    ],
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
    expect(
      JSON.parse(homieDescription(result.thing, { version: 1 })).nodes.constructor.properties.constructor,
    ).toEqual({
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
    ...["1.5:2", "0:10:0.5", "0:1e3"].map((format): [string, string, string, string] => [
      `the range ${format} of integers`,
      described({ datatype: "integer", format }),
      `${level}.format`,
      `expected [min]:[max][:step], found "${format}"`,
    ]),
    [
      "a value twice",
      described({ datatype: "enum", format: "a,b,a" }),
      `${level}.format`,
      'expected no value twice, found "a" again',
    ],
    ...[undefined, "", "rgb,rgb", "rgb,cmyk", "RGB", "rgb, hsv"].map(
      (format): [string, string, string, RegExp] => [
        `the colours ${format}`,
        described({ datatype: "color", ...(format === undefined ? {} : { format }) }),
        `${level}.format`,
        /^expected a list of rgb, hsv and xyz, found /,
      ],
    ),
    ...["open", "shut,", ",", "a,b,c"].map((format): [string, string, string, string] => [
      `the labels ${format}`,
      described({ datatype: "boolean", format }),
      `${level}.format`,
      `expected a name of false and one of true, found "${format}"`,
    ]),
    ["a root that is itself", described({}, { root: "lamp" }), "root", "expected the id of another device"],
    [
      "extensions that are none",
      described({}, { extensions: "org.example" }),
      "extensions",
      'expected a list of ids, found "org.example"',
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
    const result = parseHomieDescription(LAMP, text);
    // Below a node, what is wrong is left out alone.
    const refused = result.ok ? result.refused : [{ path: result.path, problem: result.problem }];
    expect(refused).toEqual([{ path, problem: expected }]);
    expect([path, result.ok]).toEqual([
      path,
      path.startsWith("nodes.") || /ids of a-z/.test(refused[0]?.problem ?? ""),
    ]);
  });

  test("the part that is wrong, and nothing else", () => {
    const text = JSON.stringify({
      homie: "5.9",
      version: 1,
      nodes: {
        light: {
          properties: {
            on: { datatype: "boolean", shape: "round" },
            glow: { datatype: "plasma" },
            level: { datatype: "integer", format: "many" },
          },
        },
        air: { name: 1, properties: { temperature: { datatype: "float" } } },
        Fan: {},
      },
    });
    expect(parseHomieDescription(LAMP, text)).toEqual({
      ok: true,
      thing: {
        id: LAMP,
        title: "lamp",
        nodes: { light: { title: "light" } },
        properties: { "light/on": { title: "on", type: "boolean", readOnly: true, observable: true } },
      },
      children: [],
      refused: [
        { path: "nodes.light.properties.glow.datatype", problem: expect.stringMatching(/found "plasma"$/) },
        { path: "nodes.light.properties.level.format", problem: expect.any(String) },
        { path: "nodes.air.name", problem: "expected a string, found 1" },
        { path: "nodes", problem: 'expected ids of a-z, 0-9 and -, found "Fan"' },
      ],
    });
  });

  test("what is too large, unread", () => {
    const megabytes = described({ datatype: "string", name: "x".repeat(10_000_000) });
    expect(parseHomieDescription(LAMP, megabytes)).toEqual({
      ok: false,
      path: "$description",
      problem: `expected at most ${DESCRIPTION_LIMIT_BYTES} bytes, found ${megabytes.length} characters`,
    });
    const nodes = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`n${index}`, {}]));
    expect(parseHomieDescription(LAMP, described({}, { nodes }))).toEqual({
      ok: false,
      path: "nodes",
      problem: "expected at most 512 nodes, found 10000",
    });
  });

  test("what nests deeper than the stack", () => {
    const abyss = "[".repeat(100_000) + "]".repeat(100_000);
    for (const key of ["homie", "version", "name", "nodes", "parent", "children"]) {
      const result = parseHomieDescription(LAMP, `{"homie":"5.0","version":1,"${key}":${abyss}}`);
      expect(result).toEqual({ ok: false, path: key, problem: expect.stringMatching(/^.{1,120}$/) });
    }
  });
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
});
