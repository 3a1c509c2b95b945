import { Helpers } from "@node-wot/core";
import { parseHomieTopic, schemaProblems, Thing } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RouteTable } from "../http/route-table.ts";
import { directoryDescription } from "./directory-description.ts";
import { anyThing } from "./fixtures/any-thing.ts";
import { wotRoutes } from "./open-wot.ts";
import { thingDescription } from "./thing-description.ts";

const REACH = {
  http: "http://gateway.lan:8080",
  mqtt: ["mqtts://gateway.lan:8883", "mqtt://gateway.lan:1883"],
} as const;
const thing = Compile(Thing);
/** The routes are asked where they lead, and never called. */
const table = new RouteTable(wotRoutes({} as Parameters<typeof wotRoutes>[0]));

interface Form {
  readonly href: string;
  readonly op: readonly string[];
  readonly subprotocol?: string;
  readonly security?: readonly string[];
}
interface Affordance {
  readonly forms: readonly Form[];
}
interface Description {
  readonly properties: Readonly<Record<string, Affordance>>;
  readonly actions: Readonly<Record<string, Affordance>>;
  readonly events: Readonly<Record<string, Affordance>>;
  readonly forms: readonly Form[];
  readonly securityDefinitions: Readonly<Record<string, unknown>>;
}

/** What the JSON Schema of TD 1.1 finds, as node-wot brings it. */
function faults(description: object): readonly string[] {
  const validate = Helpers.tsSchemaValidator;
  if (validate(description)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
}

const METHODS: Readonly<Record<string, string>> = {
  readproperty: "GET",
  observeproperty: "GET",
  unobserveproperty: "GET",
  writeproperty: "PUT",
  invokeaction: "POST",
  subscribeevent: "GET",
  unsubscribeevent: "GET",
  readallproperties: "GET",
  writemultipleproperties: "PUT",
  observeallproperties: "GET",
  unobserveallproperties: "GET",
  subscribeallevents: "GET",
  unsubscribeallevents: "GET",
};

/** Where a form leads on this gateway: the route with its parameters, or the topic. */
function target({ href, op }: Form): unknown {
  const url = new URL(href);
  if (url.protocol !== "http:") return parseHomieTopic(url.pathname.slice(1)) ?? url.pathname.slice(1);
  const methods = new Set(op.map((each) => METHODS[each]));
  expect(methods.size, href).toBe(1);
  const match = table.find([...methods][0] ?? "", url.pathname);
  return match === "malformed" || match === undefined
    ? match
    : { ...match.params, route: match.route.operationId };
}

describe("the description of any Thing", () => {
  test("is one that TD 1.1 allows", () => {
    fc.assert(
      fc.property(anyThing, (any) => {
        expect(thing.Check(any), JSON.stringify(schemaProblems(thing.Errors(any), any))).toBe(true);
        const description = JSON.parse(JSON.stringify(thingDescription(any, REACH))) as object;
        expect(faults(description)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("leads back to each of its properties, actions and events", () => {
    fc.assert(
      fc.property(anyThing, (any) => {
        const description = JSON.parse(JSON.stringify(thingDescription(any, REACH))) as Description;
        expect(Object.keys(description.properties).sort()).toEqual(Object.keys(any.properties).sort());
        for (const [key, { forms }] of Object.entries(description.properties)) {
          const [node, name] = key.split("/");
          for (const form of forms) {
            const found = target(form);
            if (form.href.startsWith("http:")) {
              const write = form.op.includes("writeproperty");
              expect(found).toEqual({
                id: any.id,
                node,
                name,
                route: write ? "writeProperty" : "readProperty",
              });
            } else {
              const kind = form.op.includes("writeproperty") ? "set" : "value";
              expect(found).toEqual({ kind, device: any.id, property: key });
            }
          }
          const { readOnly, writeOnly } = any.properties[key] ?? {};
          const ops = new Set(forms.flatMap(({ op }) => op));
          expect(ops.has("writeproperty")).toBe(readOnly !== true);
          expect(ops.has("readproperty")).toBe(writeOnly !== true);
        }
        for (const [name, { forms }] of Object.entries(description.actions)) {
          expect(forms.map(target)).toEqual([{ id: any.id, name, route: "invokeAction" }]);
        }
        for (const [name, { forms }] of Object.entries(description.events)) {
          const topic = `tram/1/${any.id}/events/${name}`;
          expect(forms.map(target)).toEqual([{ id: any.id, name, route: "subscribeEvent" }, topic, topic]);
        }
        for (const form of description.forms) expect(target(form)).toMatchObject({ id: any.id });
        for (const { security = [] } of description.forms) {
          for (const name of security) expect(description.securityDefinitions).toHaveProperty(name);
        }
      }),
    );
  });
});

test("the directory's own description is valid, leads to it, and says nothing of the house", () => {
  const description = directoryDescription(REACH) as Description;
  expect(faults(description)).toEqual([]);
  for (const affordance of [...Object.values(description.events), description]) {
    for (const { href } of affordance.forms) {
      expect(table.find("GET", new URL(href).pathname)).toMatchObject({ route: { tag: "Directory" } });
    }
  }
});

test("an unreachable broker is not described", () => {
  const lamp: Thing = { id: "lamp", title: "Lamp", properties: { "lamp/on": { type: "boolean" } } };
  const text = JSON.stringify(thingDescription(lamp, { ...REACH, mqtt: [] }));
  expect(text).not.toMatch(/"mqtts?:|"basic"/);
});

test("steps that a validator counts otherwise are left out, and choices are told once", () => {
  const properties: Thing["properties"] = {
    "a/tenths": { type: "number", multipleOf: 0.1 },
    "a/fives": { type: "integer", minimum: 0, multipleOf: 5 },
    "a/odd": { type: "integer", minimum: 1, multipleOf: 2 },
    "a/choice": { type: "string", enum: ["x", "x", "y"] },
  };
  expect(thingDescription({ id: "a", title: "A", properties }, REACH)).toMatchObject({
    properties: {
      "a/tenths": expect.not.objectContaining({ multipleOf: expect.anything() }),
      "a/fives": { multipleOf: 5 },
      "a/odd": expect.not.objectContaining({ multipleOf: expect.anything() }),
      "a/choice": { enum: ["x", "y"] },
    },
  });
});
