import { type Builder, choice, type EntityProperty, numeric, percent, scaled } from "./entity-builder.ts";
import type { Options } from "./options.ts";

const STATES = ["open", "opening", "closed", "closing", "stopped"] as const;

/** A blind, a gate: commands, and a position where it has one. */
export function coverIn(make: Builder, options: Options): readonly EntityProperty[] {
  const payloads: Readonly<Record<string, string>> = {
    open: options.word("payload_open", "OPEN"),
    close: options.word("payload_close", "CLOSE"),
    stop: options.word("payload_stop", "STOP"),
  };
  const states = new Map(STATES.map((state) => [options.word(`state_${state}`, state), state]));
  const closed = options.number("position_closed") ?? 0;
  const open = options.number("position_open") ?? 100;
  const tiltMin = options.number("tilt_min") ?? 0;
  const tiltMax = options.number("tilt_max") ?? 100;
  return [
    ...make.property(
      "command",
      { ...choice(Object.keys(payloads)), title: "Command" },
      {
        command: "command_topic",
        standardKey: "cover/command",
        print: (value) => payloads[String(value)] ?? "",
      },
    ),
    ...make.property(
      "state",
      { ...choice(STATES), title: "State" },
      {
        state: "state_topic",
        standardKey: "cover/state",
        parse: (text) => states.get(text),
      },
    ),
    ...make.property("position", percent("Position"), {
      state: "position_topic",
      stateTemplate: "position_template",
      command: "set_position_topic",
      commandTemplate: "set_position_template",
      standardKey: "cover/position",
      variables: (position) => ({ position: numeric(position) }),
      ...scaled(closed, open),
    }),
    ...make.property("tilt", percent("Tilt"), {
      state: "tilt_status_topic",
      stateTemplate: "tilt_status_template",
      command: "tilt_command_topic",
      commandTemplate: "tilt_command_template",
      standardKey: "cover/tilt",
      variables: (tilt) => ({ tilt_position: numeric(tilt) }),
      ...scaled(tiltMin, tiltMax),
    }),
  ];
}

export function valveIn(make: Builder, options: Options): readonly EntityProperty[] {
  if (options.flag("reports_position")) {
    return make.property("position", percent("Position"), {
      state: "state_topic",
      command: "command_topic",
      standardKey: "valve/position",
      ...scaled(options.number("position_closed") ?? 0, options.number("position_open") ?? 100),
    });
  }
  return make.onOff("open", {
    on: ["payload_open", "OPEN"],
    off: ["payload_close", "CLOSE"],
    stateOn: ["state_open", "open"],
    stateOff: ["state_closed", "closed"],
    standardKey: "valve/open",
  });
}
