import { setTopic, valueTopic } from "../homie/topics.ts";
import type { PropertyKey, ThingId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { HassEntity } from "../models/thing-model.ts";
import type { PropertyAffordance, Thing } from "../thing.ts";
import { mainOf } from "./entity.ts";

type Config = Record<string, Json>;

/** Homie 5.0 "Boolean": the two payloads. */
const TRUE = "true";
const FALSE = "false";

/** Without limits Home Assistant allows 1 to 100 in steps of 1. */
const WIDE = { min: -1e9, max: 1e9, step: 0.001 };

/** A property of an entity with its topics. */
class Use {
  readonly affordance: PropertyAffordance;
  readonly state: string;
  readonly command: string;

  constructor(thing: ThingId, key: PropertyKey, affordance: PropertyAffordance) {
    this.affordance = affordance;
    this.state = valueTopic(thing, key);
    this.command = setTopic(thing, key);
  }

  get settable(): boolean {
    return this.affordance.readOnly !== true;
  }

  get reports(): boolean {
    return this.affordance.writeOnly !== true && this.affordance.momentary !== true;
  }

  /** The topics under the names that a component has for them. */
  topics(stateName: string, commandName: string): Config {
    return {
      ...(this.reports ? { [stateName]: this.state } : {}),
      ...(this.settable ? { [commandName]: this.command } : {}),
    };
  }
}

/** What MQTT discovery of Home Assistant is told of one entity, besides its name: topics, payloads, ranges. */
export function entityConfig(thing: Thing, entity: HassEntity): Config {
  const of = (use: string): Use | undefined => {
    const key = entity.uses[use];
    const affordance = key === undefined ? undefined : thing.properties[key];
    return affordance && new Use(thing.id as ThingId, key as PropertyKey, affordance);
  };
  const main = thing.properties[mainOf(entity) ?? ""];
  const { component, device_class, state_class } = entity;
  return {
    platform: component,
    ...(device_class === undefined ? {} : { device_class }),
    ...(state_class === undefined ? {} : { state_class }),
    ...(main === undefined ? {} : detailsOf(entity, main, of)),
  };
}

function detailsOf(
  { component }: HassEntity,
  main: PropertyAffordance,
  of: (use: string) => Use | undefined,
): Config {
  const state = of("state");
  switch (component) {
    case "binary_sensor":
      return { ...state?.topics("state_topic", "command_topic"), payload_on: TRUE, payload_off: FALSE };
    case "sensor":
      return { state_topic: state?.state ?? "", ...unitOf(main), ...optionsOf(main, "options") };
    case "event":
      return {
        state_topic: state?.state ?? "",
        event_types: [...(main.enum ?? [])],
        value_template: '{{ {"event_type": value} | tojson }}',
      };
    case "switch":
    case "siren":
      return {
        ...onOff(state),
        ...(state?.reports === true ? { state_on: TRUE, state_off: FALSE } : { optimistic: true }),
        // Else it would be told as JSON.
        ...(component === "siren" ? { command_template: "{{ value }}" } : {}),
      };
    case "button":
      return { command_topic: state?.command ?? "", payload_press: TRUE };
    case "number":
      return {
        ...plain(state),
        ...WIDE,
        ...rangeOf(main, "min", "max", "step"),
        ...unitOf(main),
        mode: "auto",
      };
    case "select":
      return { ...plain(state), ...optionsOf(main, "options") };
    case "text":
      return { ...plain(state), max: 255 };
    case "lock":
      return {
        ...plain(state),
        payload_lock: TRUE,
        payload_unlock: FALSE,
        state_locked: TRUE,
        state_unlocked: FALSE,
      };
    case "valve":
      return valve(state, of("position"));
    case "light":
      return {
        ...onOff(state),
        ...brightness(of("brightness")),
        ...temperature(of("color_temp")),
        ...color(of("color")),
      };
    case "fan":
      return fan(of);
    case "cover":
      return cover(of);
    case "climate":
      return climate(of);
    case "humidifier":
      return humidifier(of);
  }
}

function plain(use: Use | undefined): Config {
  return use?.topics("state_topic", "command_topic") ?? {};
}

function onOff(use: Use | undefined): Config {
  return { ...plain(use), payload_on: TRUE, payload_off: FALSE };
}

function brightness(use: Use | undefined): Config {
  if (use === undefined) return {};
  return {
    ...use.topics("brightness_state_topic", "brightness_command_topic"),
    brightness_scale: use.affordance.maximum ?? 100,
  };
}

function temperature(use: Use | undefined): Config {
  if (use === undefined) return {};
  return {
    ...use.topics("color_temp_state_topic", "color_temp_command_topic"),
    color_temp_kelvin: true,
    ...rangeOf(use.affordance, "min_kelvin", "max_kelvin"),
  };
}

/** Homie 5.0 "Color": `rgb,255,100,0`. */
function color(use: Use | undefined): Config {
  if (use === undefined) return {};
  return {
    ...use.topics("rgb_state_topic", "rgb_command_topic"),
    rgb_value_template: "{{ value[4:] if value.startswith('rgb,') else '' }}",
    rgb_command_template: "rgb,{{ red }},{{ green }},{{ blue }}",
  };
}

function fan(of: (use: string) => Use | undefined): Config {
  const preset = of("preset_mode");
  const oscillation = of("oscillation");
  return {
    ...onOff(of("state")),
    ...of("percentage")?.topics("percentage_state_topic", "percentage_command_topic"),
    ...preset?.topics("preset_mode_state_topic", "preset_mode_command_topic"),
    ...(preset && optionsOf(preset.affordance, "preset_modes")),
    ...oscillation?.topics("oscillation_state_topic", "oscillation_command_topic"),
    ...(oscillation && { payload_oscillation_on: TRUE, payload_oscillation_off: FALSE }),
    ...of("direction")?.topics("direction_state_topic", "direction_command_topic"),
  };
}

function cover(of: (use: string) => Use | undefined): Config {
  const command = of("command");
  const position = of("position");
  const tilt = of("tilt");
  return {
    ...(command && {
      command_topic: command.command,
      payload_open: "open",
      payload_close: "close",
      payload_stop: "stop",
    }),
    ...(of("state") && { state_topic: of("state")?.state ?? "" }),
    ...position?.topics("position_topic", "set_position_topic"),
    ...(position && rangeOf(position.affordance, "position_closed", "position_open")),
    ...tilt?.topics("tilt_status_topic", "tilt_command_topic"),
    ...(tilt && rangeOf(tilt.affordance, "tilt_min", "tilt_max")),
  };
}

function valve(state: Use | undefined, position: Use | undefined): Config {
  if (state === undefined) {
    return position === undefined ? {} : { ...plain(position), reports_position: true };
  }
  return {
    ...plain(state),
    payload_open: TRUE,
    payload_close: FALSE,
    state_open: TRUE,
    state_closed: FALSE,
  };
}

function climate(of: (use: string) => Use | undefined): Config {
  const target = of("temperature");
  const listed = (use: string, list: string): Config => {
    const found = of(use);
    return found === undefined
      ? {}
      : {
          ...found.topics(`${use}_state_topic`, `${use}_command_topic`),
          ...optionsOf(found.affordance, list),
        };
  };
  const told = (use: string): Config => {
    const found = of(use);
    return found === undefined ? {} : { [`${use}_topic`]: found.state };
  };
  return {
    ...listed("mode", "modes"),
    ...target?.topics("temperature_state_topic", "temperature_command_topic"),
    ...(target && {
      ...rangeOf(target.affordance, "min_temp", "max_temp", "temp_step"),
      temperature_unit: "C",
    }),
    ...told("current_temperature"),
    ...told("current_humidity"),
    ...told("action"),
    ...listed("fan_mode", "fan_modes"),
    ...listed("swing_mode", "swing_modes"),
    ...listed("preset_mode", "preset_modes"),
  };
}

function humidifier(of: (use: string) => Use | undefined): Config {
  const target = of("target_humidity");
  const current = of("current_humidity");
  const mode = of("mode");
  return {
    ...onOff(of("state")),
    ...target?.topics("target_humidity_state_topic", "target_humidity_command_topic"),
    ...(target && rangeOf(target.affordance, "min_humidity", "max_humidity")),
    ...(current && { current_humidity_topic: current.state }),
    ...mode?.topics("mode_state_topic", "mode_command_topic"),
    ...(mode && optionsOf(mode.affordance, "modes")),
  };
}

function unitOf({ unit }: PropertyAffordance): Config {
  return unit === undefined ? {} : { unit_of_measurement: unit };
}

function optionsOf({ enum: values }: PropertyAffordance, name: string): Config {
  return values === undefined ? {} : { [name]: [...values] };
}

function rangeOf(
  { maximum, minimum, multipleOf }: PropertyAffordance,
  low: string,
  high: string,
  step?: string,
): Config {
  return {
    ...(minimum === undefined ? {} : { [low]: minimum }),
    ...(maximum === undefined ? {} : { [high]: maximum }),
    ...(step === undefined || multipleOf === undefined ? {} : { [step]: multipleOf }),
  };
}
