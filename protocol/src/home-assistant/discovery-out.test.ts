import { describe, expect, test } from "vitest";
import type { ThingId } from "../ids.ts";
import { THING_MODELS } from "../models/catalogue.ts";
import { thingOfModel } from "../models/thing-of-model.ts";
import type { Thing } from "../thing.ts";
import { type DiscoveryOrigin, discoveryTopic, hassDiscovery } from "./discovery-out.ts";
import { entitiesOf } from "./entity.ts";
import { KEYS_OF_COMPONENTS, REQUIRED_KEYS } from "./fixtures/discovery-keys.ts";

const ORIGIN: DiscoveryOrigin = {
  name: "Tram",
  version: "1.2.3",
  gateway: "house" as ThingId,
  onMqtt: true,
};

type Config = Readonly<Record<string, unknown>>;
interface Discovery {
  readonly device: Config;
  readonly origin: Config;
  readonly availability: readonly Config[];
  readonly components: Readonly<Record<string, Config>>;
}

function discover(thing: Thing, more: Partial<DiscoveryOrigin> = {}): Discovery {
  const model = THING_MODELS.get(thing.model ?? "");
  return JSON.parse(hassDiscovery(thing, { ...ORIGIN, ...more }, model) ?? "null") as Discovery;
}

function ofModel(name: string, has?: (key: string) => boolean): Thing {
  const model = THING_MODELS.get(name);
  if (model === undefined) throw new Error(`no model ${name}`);
  return thingOfModel(model, { id: "one" as ThingId, ...(has && { has }) });
}

describe.each([...THING_MODELS.keys()])("%s", (name) => {
  const thing = ofModel(name);
  const { components } = discover(thing);

  test("shows every property", () => {
    const text = JSON.stringify(components);
    for (const key of Object.keys(thing.properties)) expect(text).toContain(`"homie/5/one/${key}`);
  });

  test("uses only options that Home Assistant knows, and those that it demands", () => {
    for (const [id, config] of Object.entries(components)) {
      const platform = config.platform as keyof typeof KEYS_OF_COMPONENTS;
      const known: readonly string[] = KEYS_OF_COMPONENTS[platform];
      expect(
        Object.keys(config).filter((key) => !known.includes(key)),
        id,
      ).toEqual([]);
      for (const key of REQUIRED_KEYS[platform] ?? []) expect(config, id).toHaveProperty([key]);
    }
  });

  test("gives each entity a name and an id of its own", () => {
    const all = Object.values(components);
    expect(new Set(all.map(({ unique_id }) => unique_id)).size).toBe(all.length);
    expect(new Set(all.map((config) => config.name)).size).toBe(all.length);
  });
});

test("a plug, whole", () => {
  const thing = ofModel("plug-meter", (key) => key === "meter/energy");
  expect(discoveryTopic(thing.id as ThingId)).toBe("homeassistant/device/one/config");
  expect(discover({ ...thing, title: "Kettle" }, { area: "Kitchen" })).toEqual({
    device: { identifiers: ["house_one"], name: "Kettle", model: "plug-meter", suggested_area: "Kitchen" },
    origin: { name: "Tram", sw_version: "1.2.3" },
    availability: [
      {
        topic: "homie/5/one/$state",
        value_template: "{{ 'online' if value in ('ready', 'sleeping') else 'offline' }}",
      },
    ],
    availability_mode: "all",
    qos: 1,
    components: {
      "plug-on": {
        platform: "switch",
        device_class: "outlet",
        name: "Plug",
        unique_id: "house_one_plug-on",
        state_topic: "homie/5/one/plug/on",
        command_topic: "homie/5/one/plug/on/set",
        payload_on: "true",
        payload_off: "false",
        state_on: "true",
        state_off: "false",
      },
      "meter-power": {
        platform: "sensor",
        device_class: "power",
        state_class: "measurement",
        name: "Power",
        unique_id: "house_one_meter-power",
        state_topic: "homie/5/one/meter/power",
        unit_of_measurement: "W",
      },
      "meter-energy": {
        platform: "sensor",
        device_class: "energy",
        state_class: "total_increasing",
        name: "Energy",
        unique_id: "house_one_meter-energy",
        state_topic: "homie/5/one/meter/energy",
        unit_of_measurement: "kWh",
      },
    },
  });
});

test("the Thing of a module is there while the gateway is", () => {
  const { availability } = discover(ofModel("switch"), { onMqtt: false });
  expect(availability.map(({ topic }) => topic)).toEqual(["homie/5/one/$state", "homie/5/house/$state"]);
});

test("a Thing with a root is lost with it", () => {
  const told = (relation: Partial<Thing>): unknown =>
    discover({ ...ofModel("switch"), ...relation }).availability.map(({ topic }) => topic);
  expect(told({})).toEqual(["homie/5/one/$state"]);
  expect(told({ parent: "bridge" })).toEqual(["homie/5/one/$state", "homie/5/bridge/$state"]);
  expect(told({ parent: "relay", root: "bridge" })).toEqual(["homie/5/one/$state", "homie/5/bridge/$state"]);
});

test("a Thing without a model gets the nearest component for each property", () => {
  const thing: Thing = {
    id: "one",
    title: "Own",
    properties: {
      "a/flag": { type: "boolean", readOnly: true },
      "a/switch": { type: "boolean" },
      "a/ring": { type: "boolean", momentary: true },
      "a/level": { type: "number", unit: "m", readOnly: true },
      "a/count": { type: "integer", readOnly: true },
      "a/target": { type: "integer" },
      "a/mode": { type: "string", enum: ["x", "y"] },
      "a/phase": { type: "string", enum: ["x", "y"], readOnly: true },
      "a/press": { type: "string", enum: ["x", "y"], readOnly: true, momentary: true },
      "a/note": { type: "string" },
      "a/color": { type: "string", format: "color" },
      "a/blob": { type: "object", readOnly: true },
      "a/order": { type: "array" },
    },
  };
  const kinds = entitiesOf(thing).map(({ component, uses }) => [uses.state, component]);
  expect(Object.fromEntries(kinds)).toEqual({
    "a/flag": "binary_sensor",
    "a/switch": "switch",
    "a/ring": "button",
    "a/level": "sensor",
    "a/count": "sensor",
    "a/target": "number",
    "a/mode": "select",
    "a/phase": "sensor",
    "a/press": "event",
    "a/note": "text",
    "a/color": "text",
    "a/blob": "sensor",
  });
  expect(hassDiscovery({ id: "one", title: "Nothing", properties: {} }, ORIGIN)).toBeUndefined();
});

test("a Thing that only says that it follows a model is shown as what it is", () => {
  const thing: Thing = {
    id: "one",
    title: "Liar",
    model: "plug-meter",
    properties: { "plug/on": { type: "string" }, "meter/power": { type: "number", unit: "W" } },
  };
  expect(entitiesOf(thing, THING_MODELS.get("plug-meter")).map(({ component }) => component)).toEqual([
    "text",
    "number",
  ]);
});
