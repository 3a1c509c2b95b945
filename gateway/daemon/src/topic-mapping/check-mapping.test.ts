import type { MappedProperty } from "@tram/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkMapping } from "./check-mapping.ts";

const READ = { read: { topic: "a/b" } };

function problems(document: unknown): Record<string, string> {
  const check = checkMapping(document);
  return check.ok ? {} : Object.fromEntries(check.problems.map(({ path, problem }) => [path, problem]));
}

/** What is wrong with a mapping of one property. */
function of(property: unknown, key = "air/temperature", more: object = {}): Record<string, string> {
  return problems({ id: "a", ...more, properties: { [key]: property } });
}

test("each mistake is told with its place and what was expected", () => {
  expect(problems(null)).toEqual({ "": "expected an object, found null" });
  expect(problems({ id: "A", properties: {} })).toEqual({
    id: 'expected text that matches ^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$, found "A"',
    properties: "expected at least 1 entry, found {}",
  });
  expect(problems({ id: "pair", properties: { "air/temperature": READ } })).toEqual({
    id: "the id pair is reserved",
  });
  expect(of(READ, "temperature")).toEqual({ "properties.temperature": "unknown key" });
  expect(of({})).toEqual({ "properties.air/temperature": "expected read or write, found neither" });
  expect(of(READ, "x/y")).toEqual({
    "properties.x/y.type": "is missing: no Thing Model has such a property",
  });
  expect(of({ read: { topic: "a", path: "b..c" } })).toEqual({
    "properties.air/temperature.read.path": 'expected a path such as a.b[0], found "..c"',
  });
  expect(of({ read: { topic: "a", path: "b", template: "{{ value }}" } })).toEqual({
    "properties.air/temperature.read": "expected path or template, found both",
  });
  expect(of({ read: { topic: "a", template: "{{ states('x') }}" } })).toEqual({
    "properties.air/temperature.read.template": "not supported: function states",
  });
  expect(of({ read: { topic: "a", expire: "25d" } })).toEqual({
    "properties.air/temperature.read.expire": "expected a duration from 1s to 24d, found 25d",
  });
  expect(of({ ...READ, scale: 0 })).toEqual({
    "properties.air/temperature.scale": "expected another number than 0",
  });
  expect(of({ write: { topic: "a" }, safe: { value: "off" } }, "pump/on")).toEqual({
    "properties.pump/on.safe.value": 'expected boolean, found "off"',
  });
  expect(of({ ...READ, words: { HOT: 400 } })).toEqual({
    "properties.air/temperature.words.HOT": "expected at most 150, found 400",
  });
  expect(of(READ, undefined, { model: "switch" })).toEqual({
    model: "a switch also has switch/on",
  });
  expect(of(READ, undefined, { model: "toaster" })).toEqual({
    model: "expected the name of a Thing Model, such as temperature-humidity, found toaster",
  });
  expect(of(READ, undefined, { availability: { topic: "a", online: "x", offline: "x" } })).toEqual({
    "availability.offline": "expected another word than that of online",
  });
});

test.each([
  ["homie/5/lock/lock/locked/set", "homie/… means something of its own"],
  ["homie", "homie/… means something of its own"],
  ["homeassistant/switch/x/config", "homeassistant/… means something of its own"],
  ["tram/1/x", "tram/… means something of its own"],
  ["$SYS/broker/uptime", "$SYS/… means something of its own"],
  ["$share/a/b", "$share/… means something of its own"],
  ["a/+/b", "without wildcards"],
  ["a/#", "without wildcards"],
  ["a\0b", "text that MQTT can carry"],
  ["a\ud800", "text that MQTT can carry"],
  ["a/{id}/{id}", "expected {id} once"],
  ["a/room-{id}", "expected {id} as a whole level"],
])("%j is refused, to read and to write", (topic, why) => {
  expect(of({ read: { topic } })["properties.air/temperature.read.topic"]).toContain(why);
  expect(of({ write: { topic } }, "pump/on")["properties.pump/on.write.topic"]).toContain(why);
  expect(of(READ, undefined, { availability: { topic } })["availability.topic"]).toContain(why);
});

test("a mapping is for one or for many, and not half of each", () => {
  const mixed = {
    id: "a",
    properties: {
      "air/temperature": { read: { topic: "a/{id}/t" } },
      "pump/on": { write: { topic: "a/pump" } },
    },
  };
  expect(problems(mixed)).toEqual({
    "properties.pump/on.write.topic":
      "expected {id} here as in the other topics: the mapping is for many devices",
  });
  expect(of(READ, undefined, { availability: { topic: "a/{id}" } })).toEqual({
    "availability.topic": "expected {id} in the topics of the properties too",
  });
});

test("what the models know is taken from them, and what is said goes before it", () => {
  const affordance = (property: MappedProperty, key = "air/temperature") => {
    const check = checkMapping({ id: "a", properties: { [key]: property } });
    return check.ok ? check.checked.properties.get(key as never)?.spelling.affordance : check.problems;
  };
  expect(affordance(READ)).toMatchObject({ type: "number", unit: "°C", maximum: 150, readOnly: true });
  const fahrenheit = affordance({ ...READ, unit: "°F" });
  expect(fahrenheit).toMatchObject({ type: "number", unit: "°F" });
  expect(fahrenheit).not.toHaveProperty("maximum");
  expect(affordance({ ...READ, type: "string" })).toEqual({
    type: "string",
    readOnly: true,
    observable: true,
  });
  expect(affordance({ write: { topic: "a" } }, "pump/on")).toMatchObject({
    type: "boolean",
    writeOnly: true,
    momentary: true,
  });
  expect(affordance({ ...READ, words: { A: 1, B: 2.5 } }, "x/y")).toMatchObject({ type: "number" });
  expect(affordance({ ...READ, words: { A: 1, B: "2" } }, "x/y")).toEqual([
    { path: "properties.x/y.type", problem: "is missing: no Thing Model has such a property" },
  ]);
});

test("whatever it is given, it says what is wrong or takes it, and never throws", () => {
  const topics = fc.oneof(
    fc.constantFrom("a/b", "a/{id}/b", "homie/5/x", "$SYS/x", "+", ""),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  const loose = fc.anything({ maxDepth: 3, withNullPrototype: true });
  const property = fc.record(
    {
      type: fc.constantFrom("boolean", "integer", "number", "string", "object", "array", "x"),
      unit: fc.string({ maxLength: 4 }),
      words: fc.dictionary(
        fc.string({ maxLength: 8 }),
        fc.oneof(fc.boolean(), fc.double(), fc.string(), loose),
      ),
      scale: fc.double(),
      read: fc.record(
        { topic: topics, path: fc.string({ maxLength: 9 }), template: fc.string({ maxLength: 9 }) },
        {
          requiredKeys: ["topic"],
        },
      ),
      write: fc.record(
        { topic: topics, template: fc.string({ maxLength: 30 }), qos: fc.nat(3) },
        {
          requiredKeys: ["topic"],
        },
      ),
      "": loose,
    },
    { requiredKeys: [] },
  );
  const keys = fc.constantFrom("air/temperature", "pump/on", "x/y", "__proto__", "constructor", "a");
  const mapping = fc.record(
    {
      id: fc.oneof(fc.constantFrom("a", "pair", "__proto__"), fc.string({ maxLength: 5 })),
      title: fc.string({ maxLength: 5 }),
      model: fc.constantFrom("switch", "toString", "x"),
      properties: fc.dictionary(keys, fc.oneof(property, loose), { maxKeys: 3 }),
    },
    { requiredKeys: ["id", "properties"] },
  );
  fc.assert(
    fc.property(fc.oneof(mapping, loose), (document) => {
      const check = checkMapping(document);
      if (!check.ok) expect(check.problems.length).toBeGreaterThan(0);
      else expect(checkMapping(JSON.parse(JSON.stringify(document))).ok).toBe(true);
    }),
    { numRuns: 500 },
  );
});
