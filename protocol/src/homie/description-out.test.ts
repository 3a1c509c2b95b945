import fc from "fast-check";
import { expect, test } from "vitest";
import type { ThingId } from "../ids.ts";
import { type PropertyAffordance, Thing } from "../thing.ts";
import { Compile } from "../validator.ts";
import type { ValueSchema } from "../value-schema.ts";
import { parseHomieDescription } from "./description.ts";
import { homieDescription } from "./description-out.ts";

const LAMP = "lamp" as ThingId;
const validator = Compile(Thing);

/** Schemas of parts, as JSON Schema can say them. */
function valueSchema(levels: number): fc.Arbitrary<ValueSchema> {
  const words = { title: fc.string({ maxLength: 9 }), unit: fc.string({ maxLength: 9 }) };
  const leaves = [
    fc.record(
      { type: fc.constantFrom("boolean" as const, "null" as const), ...words },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      {
        type: fc.constantFrom("integer" as const, "number" as const),
        minimum: fc.integer(),
        maximum: fc.float({ noNaN: true, noDefaultInfinity: true }),
      },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      {
        type: fc.constant("string" as const),
        enum: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
        minLength: fc.nat(),
        maxLength: fc.nat(),
      },
      { requiredKeys: ["type"] },
    ),
  ] as const;
  if (levels === 0) return fc.oneof(...leaves);
  const below = valueSchema(levels - 1);
  return fc.oneof(
    ...leaves,
    fc.record(
      {
        type: fc.constant("object" as const),
        properties: fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), below, { minKeys: 1, maxKeys: 3 }),
        required: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      { type: fc.constant("array" as const), items: below, minItems: fc.nat(), maxItems: fc.nat() },
      { requiredKeys: ["type"] },
    ),
  );
}

/** Things as Homie can tell them: what it has no words for comes back as its defaults. */
const text = fc.string({ minLength: 1, maxLength: 20 });
const id = fc.oneof(fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,6}[a-z0-9])?$/), fc.constant("constructor"));
const limits = fc.constantFrom(["integer", 1] as const, ["number", 10] as const).chain(([type, parts]) =>
  fc.record(
    {
      type: fc.constant(type),
      minimum: fc.integer({ min: -99, max: 0 }).map((it) => it / parts),
      maximum: fc.integer({ min: 1, max: 99 }).map((it) => it / parts),
      multipleOf: type === "integer" ? fc.constantFrom(1, 5) : fc.constantFrom(0.1, 1, 0.25, 1e-7, 1e21),
    },
    { requiredKeys: ["type"] },
  ),
);
const datatype = fc.oneof(
  limits,
  fc.constantFrom("boolean", "string", "object", "array").map((type) => ({ type })),
  fc.constant({ type: "object", orArray: true }),
  fc
    .tuple(fc.stringMatching(/^[^,]{1,9}$/), fc.stringMatching(/^[^,]{1,9}$/))
    .filter(([no, yes]) => no !== "false" || yes !== "true")
    .map((labels) => ({ type: "boolean", labels })),
  fc.constantFrom(["rgb"], ["xyz", "hsv"], ["hsv", "rgb", "xyz"]).map((colorFormats) => ({
    type: "string",
    format: "color",
    colorFormats,
  })),
  valueSchema(3).filter(({ type }) => type === "object" || type === "array"),
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
      expect(parseHomieDescription(LAMP, homieDescription(thing, { version: 1 }))).toEqual({
        ok: true,
        thing,
        children: [],
        refused: [],
      });
    }),
    { numRuns: 200 },
  );
});

test("relations are told, and the version that is given", () => {
  const lamp: Thing = { id: LAMP, title: "Lamp", properties: { "light/on": { type: "boolean" } } };
  const root = "gateway" as ThingId;
  const read = (text: string): object => {
    const result = parseHomieDescription(LAMP, text);
    return result.ok ? result.thing : result;
  };
  expect(read(homieDescription(lamp, { version: 1, root }))).toEqual(
    expect.objectContaining({ parent: root }),
  );
  const below = { ...lamp, parent: "bridge", root: "house" };
  expect(read(homieDescription(below, { version: 1 }))).toMatchObject({ parent: "bridge", root: "house" });
  expect(parseHomieDescription(root, homieDescription(lamp, { version: 1, children: [LAMP] }))).toMatchObject(
    {
      children: [LAMP],
    },
  );
  expect(JSON.parse(homieDescription(lamp, { version: 77 })).version).toBe(77);
});

test("the ranges of integers are integers of 64 bits", () => {
  const level = fc.record(
    {
      minimum: fc.double({ noNaN: true, noDefaultInfinity: true }),
      maximum: fc.double({ noNaN: true, noDefaultInfinity: true }),
      multipleOf: fc.double({ min: 1e-9, noNaN: true, noDefaultInfinity: true }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(level, (limits) => {
      const odd: Thing = { id: LAMP, title: "L", properties: { "a/b": { type: "integer", ...limits } } };
      const { format } = JSON.parse(homieDescription(odd, { version: 1 })).nodes.a.properties.b;
      for (const part of (format ?? "").split(":")) {
        expect(part).toMatch(/^(?:|-?\d+)$/);
        if (part !== "") expect(BigInt.asIntN(64, BigInt(part))).toBe(BigInt(part));
      }
    }),
    { numRuns: 500 },
  );
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
  const { properties } = JSON.parse(homieDescription(odd, { version: 1 })).nodes.a;
  expect(properties.flag.format).toBeUndefined();
  expect(properties.level.format).toBeUndefined();
});

test("a valid description with a piece cut out or doubled does not make the reader throw", () => {
  fc.assert(
    fc.property(thing, fc.nat(), fc.nat(40), fc.boolean(), (thing, at, length, doubled) => {
      const whole = homieDescription(thing, { version: 1 });
      const start = at % whole.length;
      const result = parseHomieDescription(
        LAMP,
        whole.slice(0, start + (doubled ? length : 0)) + whole.slice(start + (doubled ? 0 : length)),
      );
      if (result.ok) expect([...validator.Errors(result.thing)]).toEqual([]);
      else expect(result.problem.length).toBeLessThan(300);
    }),
    { numRuns: 300 },
  );
});
