import type { PropertyAffordance } from "@tram/protocol";
import { type Builder, choice, type EntityProperty, listed, percent, scaled } from "./entity-builder.ts";
import type { Options } from "./options.ts";

export function fanIn(make: Builder, options: Options): readonly EntityProperty[] {
  const modes = options.list("preset_modes");
  return [
    ...make.onOff("on", { standardKey: "fan/on", names: { stateTemplate: "state_value_template" } }),
    ...make.property("speed", percent("Speed"), {
      state: "percentage_state_topic",
      stateTemplate: "percentage_value_template",
      command: "percentage_command_topic",
      commandTemplate: "percentage_command_template",
      standardKey: "fan/speed",
      ...scaled((options.number("speed_range_min") ?? 1) - 1, options.number("speed_range_max") ?? 100),
    }),
    ...listed(make, "mode", "Mode", modes, "preset_mode", "preset_mode_value_template", "fan/mode"),
    ...make.onOff("oscillating", {
      on: ["payload_oscillation_on", "oscillate_on"],
      off: ["payload_oscillation_off", "oscillate_off"],
      standardKey: "fan/oscillating",
      names: {
        state: "oscillation_state_topic",
        stateTemplate: "oscillation_value_template",
        command: "oscillation_command_topic",
        commandTemplate: "oscillation_command_template",
      },
    }),
    ...listed(
      make,
      "direction",
      "Direction",
      ["forward", "reverse"],
      "direction",
      "direction_value_template",
      "fan/direction",
    ),
  ];
}

const MODES = ["auto", "off", "cool", "heat", "dry", "fan_only"];
const ACTIONS = ["off", "heating", "cooling", "drying", "idle", "fan", "preheating", "defrosting"];

export function climateIn(make: Builder, options: Options): readonly EntityProperty[] {
  const unit = options.text("temperature_unit") === "F" ? "°F" : "°C";
  const modes = options.list("modes");
  const target: PropertyAffordance = {
    type: "number",
    unit,
    minimum: options.number("min_temp") ?? (unit === "°C" ? 7 : 44.6),
    maximum: options.number("max_temp") ?? (unit === "°C" ? 35 : 95),
    multipleOf: options.number("temp_step") ?? 1,
  };
  return [
    ...listed(
      make,
      "mode",
      "Mode",
      modes.length > 0 ? modes : MODES,
      "mode",
      "mode_state_template",
      "climate/mode",
    ),
    ...make.property(
      "target-temperature",
      { ...target, title: "Target" },
      {
        state: "temperature_state_topic",
        stateTemplate: "temperature_state_template",
        command: "temperature_command_topic",
        commandTemplate: "temperature_command_template",
        standardKey: "climate/target-temperature",
      },
    ),
    ...make.property(
      "temperature",
      { type: "number", unit, title: "Temperature" },
      {
        state: "current_temperature_topic",
        stateTemplate: "current_temperature_template",
        standardKey: "climate/temperature",
      },
    ),
    ...make.property(
      "humidity",
      { ...percent("Humidity"), type: "number" },
      {
        state: "current_humidity_topic",
        stateTemplate: "current_humidity_template",
        standardKey: "climate/humidity",
      },
    ),
    ...make.property(
      "action",
      { ...choice(ACTIONS), title: "Action" },
      {
        state: "action_topic",
        stateTemplate: "action_template",
        standardKey: "climate/action",
      },
    ),
    ...listed(
      make,
      "fan",
      "Fan",
      options.list("fan_modes"),
      "fan_mode",
      "fan_mode_state_template",
      "climate/fan",
    ),
    ...listed(
      make,
      "swing",
      "Swing",
      options.list("swing_modes"),
      "swing_mode",
      "swing_mode_state_template",
      "climate/swing",
    ),
    ...listed(
      make,
      "preset",
      "Preset",
      options.list("preset_modes"),
      "preset_mode",
      "preset_mode_value_template",
    ),
  ];
}

export function humidifierIn(make: Builder, options: Options): readonly EntityProperty[] {
  const target: PropertyAffordance = {
    ...percent("Target"),
    minimum: options.number("min_humidity") ?? 0,
    maximum: options.number("max_humidity") ?? 100,
  };
  return [
    ...make.onOff("on", { names: { stateTemplate: "state_value_template" } }),
    ...make.property("target-humidity", target, {
      state: "target_humidity_state_topic",
      stateTemplate: "target_humidity_state_template",
      command: "target_humidity_command_topic",
      commandTemplate: "target_humidity_command_template",
    }),
    ...make.property(
      "humidity",
      { ...percent("Humidity"), type: "number" },
      {
        state: "current_humidity_topic",
        stateTemplate: "current_humidity_template",
      },
    ),
    ...listed(make, "mode", "Mode", options.list("modes"), "mode", "mode_state_template"),
  ];
}
