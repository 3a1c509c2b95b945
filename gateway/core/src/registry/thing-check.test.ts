import { type Json, parseHomieDescription, type ThingId } from "@tram/protocol";
import { expect, test } from "vitest";
import { checkThing } from "./thing-check.ts";

const lamp = { id: "lamp", title: "Lamp", properties: { "light/on": { type: "boolean" } } };

test("takes a Thing as it is", () => {
  expect(checkThing(lamp)).toEqual({ ok: true, thing: lamp });
});

test("takes what a Homie device describes", () => {
  const properties: Json = { level: { datatype: "float", format: "0:1:0.1" } };
  const text = JSON.stringify({ homie: "5.0", version: 1, nodes: { light: { properties } } });
  const described = parseHomieDescription("lamp" as ThingId, text);
  expect(described.ok && checkThing(described.thing).ok).toBe(true);
});

test.each<[unknown, string, string | RegExp]>([
  [null, "thing", "expected an object, found null"],
  ["lamp", "thing", 'expected an object, found "lamp"'],
  [{ id: "lamp", title: "Lamp" }, "properties", "is missing"],
  [{ ...lamp, id: "Lamp" }, "id", /^expected text that matches .*, found "Lamp"$/],
  [{ ...lamp, id: "pair" }, "id", "the id pair is reserved"],
  [{ ...lamp, colour: "red" }, "colour", "unknown key"],
  [{ ...lamp, properties: { "BAD KEY": { type: "boolean" } } }, "properties.BAD KEY", "unknown key"],
  [
    { ...lamp, properties: { "light/on": { type: "bool" } } },
    "properties.light/on.type",
    /^expected one of boolean, .*, found "bool"$/,
  ],
  [
    {
      ...lamp,
      properties: Object.fromEntries(
        Array.from({ length: 513 }, (_, at) => [`a/p${at}`, { type: "boolean" }]),
      ),
    },
    "properties",
    /^expected at most 512 entries, found /,
  ],
])("case %#: refuses with the path and the reason", (candidate, path, problem) => {
  expect(checkThing(candidate)).toEqual({
    ok: false,
    path,
    problem: typeof problem === "string" ? problem : expect.stringMatching(problem),
  });
});
