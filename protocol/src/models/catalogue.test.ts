import { readdirSync } from "node:fs";
import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { HASS_COMPONENTS, type HassUses } from "../home-assistant/components.ts";
import { parseHomieDescription } from "../homie/description.ts";
import { homieDescription } from "../homie/description-out.ts";
import type { ThingId } from "../ids.ts";
import { Thing } from "../thing.ts";
import { THING_MODELS } from "./catalogue.ts";
import { OTHER_CLASSES, SENSOR_CLASSES } from "./fixtures/hass-classes.ts";
import { CLUSTERS, DEVICE_TYPES } from "./fixtures/matter-names.ts";
import { matterPlaces, modelsOfDeviceType, propertyAt } from "./matter.ts";
import { type HassEntity, type ModelProperty, optionalProperties, ThingModel } from "./thing-model.ts";
import { thingOfModel } from "./thing-of-model.ts";

const ID = "one" as ThingId;
/** Numbers that have no unit. */
const BARE = /^(?:meter\/power-factor|soil\/ph|sun\/uv-index|pulse-\d\/count)$/;

test("every file is in the catalogue under its name", () => {
  const files = readdirSync(new URL("../../models/", import.meta.url));
  expect(files.sort()).toEqual([...THING_MODELS.keys()].map((name) => `${name}.tm.json`).sort());
  expect(THING_MODELS.size).toBeGreaterThanOrEqual(28);
});

describe.each([...THING_MODELS])("%s", (name, model) => {
  const properties = Object.entries(model.properties);
  const property = (key: string): ModelProperty => {
    const found = model.properties[key];
    if (found === undefined) throw new Error(`${key} is no property of ${name}`);
    return found;
  };

  test("is a Thing Model", () => {
    expect(
      [...Value.Errors(ThingModel, model)].map(({ instancePath, message }) => [instancePath, message]),
    ).toEqual([]);
  });

  test("names its nodes, and says what is optional of what it has", () => {
    const nodes = new Set(properties.map(([key]) => key.split("/")[0]));
    expect(new Set(Object.keys(model["homie:nodes"]))).toEqual(nodes);
    for (const key of optionalProperties(model)) expect(model.properties).toHaveProperty([key]);
  });

  test("numbers have a unit and a lower end, states a title in both languages", () => {
    for (const [key, { minimum, title, titles, type, unit }] of properties) {
      expect(`${title} / ${titles.vi}`, key).not.toMatch(/undefined/);
      if (type !== "number" && type !== "integer") continue;
      if (!BARE.test(key)) expect(unit, key).toBeDefined();
      expect(minimum, key).toBeDefined();
    }
  });

  test("a Thing of it is valid, with and without what is optional", () => {
    for (const has of [() => true, () => false]) {
      const thing = thingOfModel(model, { id: ID, has });
      expect([...Value.Errors(Thing, thing)]).toEqual([]);
      expect(thing.model).toBe(name);
    }
  });

  test("comes back from Homie as it went", () => {
    const thing = thingOfModel(model, { id: ID });
    const result = parseHomieDescription(ID, homieDescription(thing, { version: 1 }));
    expect(result).toMatchObject({ ok: true, thing: { id: ID, title: model.title, model: name } });
    const found = result.ok ? result.thing.properties : {};
    const expected = Object.entries(thing.properties).map(([key, affordance]) => {
      // Homie has one language and no descriptions, and tells what never reports from what reports once by nothing.
      const { description: _d, titles: _t, writeOnly: _w, ...rest } = affordance;
      return [key, { ...rest, observable: true }];
    });
    expect(found).toEqual(Object.fromEntries(expected));
  });

  test("each property is one use of one entity in Home Assistant", () => {
    const used = model["hass:entities"].flatMap(({ uses }) => Object.values(uses));
    expect([...used].sort()).toEqual(Object.keys(model.properties).sort());
  });

  test.each(model["hass:entities"].map((entity) => [entity.component, entity] as const))(
    "Home Assistant takes its %s",
    (_component, entity) => {
      const uses: HassUses = HASS_COMPONENTS[entity.component];
      const names = Object.keys(entity.uses);
      expect(names.some((use) => uses.main.includes(use))).toBe(true);
      for (const use of names) expect([...uses.main, ...uses.more]).toContain(use);
      expectToFit(entity, property);
    },
  );

  test("Matter leads back to the same property", () => {
    for (const deviceType of model["matter:deviceTypes"]) {
      expect(DEVICE_TYPES).toContain(deviceType);
      expect(modelsOfDeviceType(THING_MODELS.values(), deviceType)).toContain(model);
    }
    for (const [key] of properties) {
      for (const place of matterPlaces(model, key)) {
        expect(CLUSTERS[place.cluster], place.cluster).toContain(place.name);
        expect(propertyAt(model, place)).toBe(key);
      }
    }
  });
});

test("Matter has no place for what is not mapped", () => {
  const tank = THING_MODELS.get("water-level");
  const place = { cluster: "OnOff", name: "OnOff", endpoint: 1 };
  expect(tank && matterPlaces(tank, "tank/level")).toEqual([]);
  expect(tank && propertyAt(tank, place)).toBeUndefined();
  const relays = THING_MODELS.get("relay-board");
  expect(relays && propertyAt(relays, { ...place, endpoint: 8 })).toBe("relay-8/on");
  expect(relays && propertyAt(relays, { ...place, endpoint: 9 })).toBeUndefined();
});

/** What Home Assistant would refuse, or show wrongly. */
function expectToFit(
  { component, device_class, state_class, uses }: HassEntity,
  property: (key: string) => ModelProperty,
): void {
  const main = property(uses.command ?? uses.state ?? uses.mode ?? uses.position ?? "");
  switch (component) {
    case "sensor": {
      expect(main.readOnly).toBe(true);
      const known = device_class === undefined ? undefined : SENSOR_CLASSES[device_class];
      if (device_class !== undefined) {
        expect(known?.units, device_class).toContain(main.unit ?? null);
        expect(state_class === undefined ? [] : [state_class]).toEqual(
          known?.states.filter((state) => state === state_class),
        );
      }
      if (main.type === "string") expect(state_class).toBeUndefined();
      return;
    }
    case "binary_sensor":
      expect(main).toMatchObject({ type: "boolean", readOnly: true });
      break;
    case "event":
      expect(main).toMatchObject({ readOnly: true, momentary: true });
      expect(main.enum).toBeDefined();
      break;
    case "number":
      expect(main.readOnly).toBeUndefined();
      expect(main.maximum).toBeDefined();
      break;
    default:
      expect(main.readOnly).toBeUndefined();
  }
  if (device_class !== undefined) expect(OTHER_CLASSES[component], component).toContain(device_class);
}
