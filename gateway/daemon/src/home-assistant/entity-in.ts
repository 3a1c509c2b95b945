import type { PropertyAffordance } from "@tram/protocol";
import { at, parseJson } from "../foreign/json-payload.ts";
import { climateIn, fanIn, humidifierIn } from "./climate-in.ts";
import type { EntityConfig } from "./discovery-config.ts";
import { Builder, choice, type EntityProperty, flagOf } from "./entity-builder.ts";
import { lightIn } from "./light-in.ts";
import { coverIn, valveIn } from "./openings-in.ts";
import { Options } from "./options.ts";
import { BINARY_SENSOR_KEYS, SENSOR_KEYS } from "./standard-keys.ts";

export interface EntityIn {
  readonly properties: readonly EntityProperty[];
  readonly problems: readonly string[];
}

/** Reads one entity. What is not understood of it is among the problems, and the rest works. */
export function entityIn({ component, objectId, options: raw }: EntityConfig): EntityIn {
  const options = new Options(raw, `${component}.${objectId}`);
  const properties = read(component, new Builder(options), options);
  if (properties === undefined) {
    return {
      properties: [],
      problems: [`${component}.${objectId}: components of this kind are not supported`],
    };
  }
  const named = properties.map((property) => titled(property, options.text("name")));
  if (named.length === 0 && options.problems.length === 0) {
    options.problem("state_topic", "expected a topic to read or to write");
  }
  return { properties: named, problems: options.problems };
}

function titled({ binding, role, standardKey }: EntityProperty, name: string | undefined): EntityProperty {
  const title = name === undefined || name === "" ? undefined : name.slice(0, 256);
  if (title === undefined || binding.affordance.title !== undefined) return { binding, role, standardKey };
  return { role, standardKey, binding: { ...binding, affordance: { ...binding.affordance, title } } };
}

function read(component: string, make: Builder, options: Options): readonly EntityProperty[] | undefined {
  switch (component) {
    case "sensor":
      return sensor(make, options);
    case "binary_sensor":
      return binarySensor(make, options);
    case "switch":
    case "siren":
      return make.onOff("on", {});
    case "button":
      return button(make, options);
    case "number":
      return number(make, options);
    case "select":
      return make.property("value", choice(options.list("options")), {
        state: "state_topic",
        command: "command_topic",
      });
    case "text":
      return make.property("value", { type: "string" }, { state: "state_topic", command: "command_topic" });
    case "event":
      return event(make, options);
    case "update":
      return update(make, options);
    case "light":
      return lightIn(make, options);
    case "lock":
      return make.onOff("locked", {
        on: ["payload_lock", "LOCK"],
        off: ["payload_unlock", "UNLOCK"],
        stateOn: ["state_locked", "LOCKED"],
        stateOff: ["state_unlocked", "UNLOCKED"],
        standardKey: "lock/locked",
      });
    case "cover":
      return coverIn(make, options);
    case "valve":
      return valveIn(make, options);
    case "fan":
      return fanIn(make, options);
    case "climate":
      return climateIn(make, options);
    case "humidifier":
      return humidifierIn(make, options);
    default:
      return undefined;
  }
}

function sensor(make: Builder, options: Options): readonly EntityProperty[] {
  const deviceClass = options.text("device_class");
  const unit = options.text("unit_of_measurement");
  const values = options.list("options");
  const numeric = unit !== undefined || options.text("state_class") !== undefined;
  const affordance: PropertyAffordance = numeric
    ? { type: "number", ...(unit === undefined ? {} : { unit: unit.slice(0, 32) }) }
    : values.length > 0
      ? choice(values)
      : { type: "string", ...(deviceClass === "timestamp" ? { format: "date-time" } : {}) };
  return make.property("value", affordance, {
    state: "state_topic",
    standardKey: numeric ? SENSOR_KEYS.get(deviceClass ?? "") : undefined,
  });
}

function binarySensor(make: Builder, options: Options): readonly EntityProperty[] {
  const standardKey = BINARY_SENSOR_KEYS.get(options.text("device_class") ?? "");
  return make.property(
    "active",
    { type: "boolean" },
    {
      state: "state_topic",
      standardKey,
      parse: flagOf(options.word("payload_on", "ON"), options.word("payload_off", "OFF")),
    },
  );
}

function button(make: Builder, options: Options): readonly EntityProperty[] {
  const press = options.word("payload_press", "PRESS");
  return make.property("press", { type: "boolean" }, { command: "command_topic", print: () => press });
}

function number(make: Builder, options: Options): readonly EntityProperty[] {
  const unit = options.text("unit_of_measurement");
  const step = options.number("step") ?? 1;
  const affordance: PropertyAffordance = {
    type: "number",
    minimum: options.number("min") ?? 1,
    maximum: options.number("max") ?? 100,
    ...(step > 0 ? { multipleOf: step } : {}),
    ...(unit === undefined ? {} : { unit: unit.slice(0, 32) }),
  };
  return make.property("value", affordance, { state: "state_topic", command: "command_topic" });
}

/** Its payload is JSON with `event_type`. */
function event(make: Builder, options: Options): readonly EntityProperty[] {
  const types = options.list("event_types");
  return make
    .property(
      "event",
      { ...choice(types), readOnly: true, momentary: true },
      {
        state: "state_topic",
        parse: (text) => {
          const type = memberOf(text, "event_type");
          return typeof type === "string" && types.includes(type) ? type : undefined;
        },
      },
    )
    .map((property) => ({ ...property, standardKey: "button/event" }));
}

function update(make: Builder, options: Options): readonly EntityProperty[] {
  const version = (name: string) => (text: string) => {
    const found = memberOf(text, name);
    return typeof found === "string" ? found : text.startsWith("{") ? undefined : text;
  };
  const install = options.text("payload_install");
  return [
    ...make.property(
      "installed-version",
      { type: "string", title: "Installed version" },
      {
        state: "state_topic",
        parse: version("installed_version"),
      },
    ),
    ...make.property(
      "latest-version",
      { type: "string", title: "Latest version" },
      {
        state: options.topic("latest_version_topic") === undefined ? "state_topic" : "latest_version_topic",
        stateTemplate:
          options.topic("latest_version_topic") === undefined ? "value_template" : "latest_version_template",
        parse: version("latest_version"),
      },
    ),
    ...(install === undefined
      ? []
      : make.property(
          "install",
          { type: "boolean", title: "Install" },
          {
            command: "command_topic",
            print: () => install,
          },
        )),
  ];
}

function memberOf(text: string, name: string): unknown {
  return at(parseJson(text), name);
}
