import { describe, expect, test } from "vitest";
import { discoveryPlace, readDiscovery } from "./discovery-config.ts";
import { entity, property, reading, writing } from "./testing/one-entity.ts";

// Shapes as the documentation of each project shows them.
describe("Zigbee2MQTT", () => {
  const base = {
    availability: [{ topic: "zigbee2mqtt/bridge/state", value_template: "{{ value_json.state }}" }],
    device: {
      identifiers: ["zigbee2mqtt_0x00158d0001"],
      manufacturer: "Aqara",
      model: "WSDCGQ11LM",
      name: "Bedroom",
    },
    state_topic: "zigbee2mqtt/Bedroom",
  };

  test("a temperature", () => {
    const found = entity("homeassistant/sensor/0x00158d0001/temperature/config", {
      ...base,
      device_class: "temperature",
      enabled_by_default: true,
      state_class: "measurement",
      unique_id: "0x00158d0001_temperature_zigbee2mqtt",
      unit_of_measurement: "°C",
      value_template: "{{ value_json.temperature }}",
    });
    expect(found.problems).toEqual([]);
    expect(property(found, "value")).toMatchObject({
      standardKey: "air/temperature",
      binding: {
        affordance: { type: "number", unit: "°C", readOnly: true },
        reads: [{ topic: "zigbee2mqtt/Bedroom" }],
      },
    });
    expect(reading(found, "value", '{"temperature":21.47,"battery":97}')).toBe(21.47);
    expect(reading(found, "value", '{"battery":97}')).toBeUndefined();
    expect(reading(found, "value", '{"temperature":null}')).toBeUndefined();
    expect(reading(found, "value", '{"temperature":"warm"}')).toBe('problem: found "warm"');
    expect(reading(found, "value", "no json")).toMatch(/^problem: something undefined has no member/);
  });

  test("a contact, whose payloads are true and false", () => {
    const found = entity("homeassistant/binary_sensor/0x00158d0002/contact/config", {
      ...base,
      device_class: "door",
      payload_on: false,
      payload_off: true,
      value_template: "{{ value_json.contact }}",
    });
    expect(property(found, "active").standardKey).toBe("contact/open");
    expect(reading(found, "active", '{"contact":false}')).toBe(true);
    expect(reading(found, "active", '{"contact":true}')).toBe(false);
  });

  test("a light in JSON", () => {
    const found = entity("homeassistant/light/0x0017880103/light/config", {
      ...base,
      brightness: true,
      brightness_scale: 254,
      command_topic: "zigbee2mqtt/Lamp/set",
      max_mireds: 500,
      min_mireds: 153,
      schema: "json",
      state_topic: "zigbee2mqtt/Lamp",
      supported_color_modes: ["xy", "color_temp"],
    });
    expect(found.problems).toEqual([]);
    const state = '{"state":"ON","brightness":127,"color_temp":250,"color":{"x":0.7,"y":0.29}}';
    expect(reading(found, "on", state)).toBe(true);
    expect(reading(found, "brightness", state)).toBe(50);
    expect(reading(found, "color-temperature", state)).toBe(4_000);
    expect(reading(found, "color", state)).toBe("xyz,0.7,0.29");
    expect(reading(found, "color", '{"state":"OFF"}')).toBeUndefined();
    expect(writing(found, "on", false)).toBe('zigbee2mqtt/Lamp/set {"state":"OFF"}');
    expect(writing(found, "brightness", 100)).toBe('zigbee2mqtt/Lamp/set {"state":"ON","brightness":254}');
    expect(writing(found, "color-temperature", 4_000)).toBe(
      'zigbee2mqtt/Lamp/set {"state":"ON","color_temp":250}',
    );
    expect(writing(found, "color", "rgb,255,0,0")).toBe(
      'zigbee2mqtt/Lamp/set {"state":"ON","color":{"x":0.6401,"y":0.33}}',
    );
    expect(writing(found, "color-temperature", 9_000)).toMatch(/^refused: expected at most 6536/);
  });

  test("a cover with a position", () => {
    const found = entity("homeassistant/cover/0x01/cover/config", {
      ...base,
      command_topic: "zigbee2mqtt/Blind/set",
      position_template: "{{ value_json.position }}",
      position_topic: "zigbee2mqtt/Blind",
      set_position_template: '{ "position": {{ position }} }',
      set_position_topic: "zigbee2mqtt/Blind/set",
      state_topic: "zigbee2mqtt/Blind",
      value_template:
        '{% if "moving" in value_json and value_json.moving == "UP" %} opening {% else %} stopped {% endif %}',
    });
    expect(found.problems).toEqual([]);
    expect(reading(found, "state", '{"moving":"UP"}')).toBe("opening");
    expect(reading(found, "position", '{"position":30}')).toBe(30);
    expect(writing(found, "position", 40)).toBe('zigbee2mqtt/Blind/set { "position": 40 }');
    expect(writing(found, "command", "close")).toBe("zigbee2mqtt/Blind/set CLOSE");
  });

  test("a thermostat", () => {
    const found = entity("homeassistant/climate/0x02/climate/config", {
      ...base,
      action_template:
        "{% set values = {None:None,'idle':'idle','heat':'heating','cool':'cooling','fan_only':'fan'} %}{{ values[value_json.running_state] }}",
      action_topic: "zigbee2mqtt/TRV",
      current_temperature_template: "{{ value_json.local_temperature }}",
      current_temperature_topic: "zigbee2mqtt/TRV",
      max_temp: "30",
      min_temp: "5",
      mode_command_topic: "zigbee2mqtt/TRV/set/system_mode",
      mode_state_template: "{{ value_json.system_mode }}",
      mode_state_topic: "zigbee2mqtt/TRV",
      modes: ["off", "heat"],
      temp_step: 0.5,
      temperature_command_topic: "zigbee2mqtt/TRV/set/occupied_heating_setpoint",
      temperature_state_template: "{{ value_json.occupied_heating_setpoint }}",
      temperature_state_topic: "zigbee2mqtt/TRV",
      temperature_unit: "C",
    });
    expect(found.problems).toEqual([]);
    const state =
      '{"running_state":"heat","local_temperature":19.5,"system_mode":"heat","occupied_heating_setpoint":21}';
    expect(
      ["action", "temperature", "mode", "target-temperature"].map((role) => reading(found, role, state)),
    ).toEqual(["heating", 19.5, "heat", 21]);
    expect(writing(found, "target-temperature", 21.4)).toBe(
      "zigbee2mqtt/TRV/set/occupied_heating_setpoint 21.5",
    );
    expect(writing(found, "mode", "off")).toBe("zigbee2mqtt/TRV/set/system_mode off");
  });

  test("a template that is not supported is told, and its property left out", () => {
    const found = entity("homeassistant/event/0x03/action/config", {
      ...base,
      event_types: ["single", "double"],
      value_template: "{{ value_json.action | regex_replace('a', 'b') }}",
    });
    expect(found.properties).toEqual([]);
    expect(found.problems).toEqual(["event.action.value_template: not supported: filter regex_replace"]);
  });
});

describe("Tasmota, with short names and ~", () => {
  test("a relay", () => {
    const found = entity("homeassistant/switch/9A1B2C_RL_1/config", {
      name: "Socket",
      "~": "socket/",
      stat_t: "~tele/STATE",
      cmd_t: "~cmnd/POWER",
      val_tpl: "{{value_json.POWER}}",
      pl_off: "OFF",
      pl_on: "ON",
      uniq_id: "9A1B2C_RL_1",
      dev: { ids: ["9A1B2C"] },
    });
    expect(found.problems).toEqual([]);
    expect(property(found, "on").binding.affordance.title).toBe("Socket");
    expect(reading(found, "on", '{"POWER":"ON"}')).toBe(true);
    expect(writing(found, "on", false)).toBe("socket/cmnd/POWER OFF");
  });
});

describe("ESPHome", () => {
  test("a number", () => {
    const found = entity("homeassistant/number/node/setpoint/config", {
      unit_of_meas: "%",
      min: 10,
      max: 90,
      step: 5,
      stat_t: "node/number/setpoint/state",
      cmd_t: "node/number/setpoint/command",
      avty_t: "node/status",
      name: "Setpoint",
    });
    expect(reading(found, "value", "55")).toBe(55);
    expect(writing(found, "value", 52)).toBe("node/number/setpoint/command 50");
    expect(writing(found, "value", 95)).toMatch(/^refused/);
  });

  test("a fan", () => {
    const found = entity("homeassistant/fan/node/fan/config", {
      stat_t: "node/fan/state",
      cmd_t: "node/fan/command",
      osc_stat_t: "node/fan/oscillation/state",
      osc_cmd_t: "node/fan/oscillation/command",
      pct_stat_t: "node/fan/speed_level/state",
      pct_cmd_t: "node/fan/speed_level/command",
      spd_rng_min: 1,
      spd_rng_max: 4,
    });
    expect(reading(found, "speed", "2")).toBe(50);
    expect(writing(found, "speed", 75)).toBe("node/fan/speed_level/command 3");
    expect(reading(found, "oscillating", "oscillate_on")).toBe(true);
    expect(writing(found, "on", true)).toBe("node/fan/command ON");
  });

  test("a button and a lock", () => {
    const button = entity("homeassistant/button/node/restart/config", {
      cmd_t: "node/button/restart/command",
    });
    expect(writing(button, "press", true)).toBe("node/button/restart/command PRESS");
    expect(property(button, "press").binding.affordance).toMatchObject({ writeOnly: true, momentary: true });
    const lock = entity("homeassistant/lock/node/door/config", {
      stat_t: "node/lock/state",
      cmd_t: "node/lock/command",
    });
    expect(reading(lock, "locked", "UNLOCKED")).toBe(false);
    expect(writing(lock, "locked", true)).toBe("node/lock/command LOCK");
    expect(reading(lock, "locked", "LOCKING")).toBe('problem: found "LOCKING"');
  });
});

test("OpenMQTTGateway: a value that is not there is no reading", () => {
  const found = entity("homeassistant/sensor/A4C1-tempc/config", {
    stat_t: "+/+/BTtoMQTT/A4C1",
    val_tpl: "{{ value_json.tempc | is_defined }}",
    unit_of_meas: "°C",
  });
  expect(found.problems).toEqual([
    "sensor.A4C1-tempc.stat_t: expected a topic without wildcards".replace("stat_t", "state_topic"),
  ]);
});

describe("a light with a topic for each part", () => {
  const found = entity("homeassistant/light/strip/config", {
    stat_t: "strip/state",
    cmd_t: "strip/set",
    bri_stat_t: "strip/brightness",
    bri_cmd_t: "strip/brightness/set",
    rgb_stat_t: "strip/rgb",
    rgb_cmd_t: "strip/rgb/set",
    rgb_cmd_tpl: "{{ red }},{{ green }},{{ blue }}",
    clr_temp_stat_t: "strip/temperature",
    clr_temp_cmd_t: "strip/temperature/set",
    clr_temp_k: true,
    min_k: 2_700,
    max_k: 6_500,
  });

  test("is read and written", () => {
    expect(reading(found, "brightness", "128")).toBe(50);
    expect(writing(found, "brightness", 50)).toBe("strip/brightness/set 128");
    expect(reading(found, "color", "255,100,0")).toBe("rgb,255,100,0");
    expect(writing(found, "color", "hsv,120,100,100")).toBe("strip/rgb/set 0,255,0");
    expect(reading(found, "color-temperature", "2700")).toBe(2_700);
    expect(writing(found, "color-temperature", 6_500)).toBe("strip/temperature/set 6500");
  });
});

describe("a device in one message", () => {
  const message = {
    dev: { ids: "ea334450945afc", name: "Kitchen" },
    o: { name: "bla2mqtt", sw: "2.1" },
    cmps: {
      temperature: {
        p: "sensor",
        device_class: "temperature",
        unit_of_measurement: "°C",
        value_template: "{{ value_json.temperature }}",
      },
      gone: { p: "sensor" },
    },
    state_topic: "sensorBedroom/state",
    qos: 2,
  };

  test("shares what stands beside its components, and leaves out what is to be removed", () => {
    const read = readDiscovery({ component: "device", objectId: "kitchen" }, JSON.stringify(message));
    const entities = read.ok ? read.message.entities : [];
    expect(entities.map(({ objectId }) => objectId)).toEqual(["temperature"]);
    expect(entities[0]?.options.state_topic).toBe("sensorBedroom/state");
    expect(read.ok && read.message.device).toEqual({ identifiers: "ea334450945afc", name: "Kitchen" });
  });

  test.each([
    ["[]", "expected a JSON object"],
    ['{"cmps":[]}', "components: expected an object"],
    ['{"cmps":{"a":1}}', "components.a: expected an object"],
    ['{"cmps":{"a":{"name":"x"}}}', "components.a.platform: expected the name of a component"],
    ["{", "expected JSON: "],
  ])("%s is refused", (payload, problem) => {
    const read = readDiscovery({ component: "device", objectId: "kitchen" }, payload);
    expect(read.ok ? "" : read.problem).toContain(problem);
  });
});

test.each([
  ["homeassistant/sensor/config", undefined],
  ["homeassistant/sensor/a/b/c/config", undefined],
  ["other/sensor/a/config", undefined],
  ["homeassistant/sensor/a b/config", undefined],
  ["homeassistant/status", undefined],
  ["homeassistant/sensor/a/config", { component: "sensor", objectId: "a" }],
  ["homeassistant/sensor/node/a/config", { component: "sensor", objectId: "a" }],
])("%s", (topic, place) => {
  expect(discoveryPlace(topic, "homeassistant/")).toEqual(place);
});

test("numbers are decimal, and whole ones keep all their digits", () => {
  const found = entity("homeassistant/sensor/n/config", { state_topic: "n", unit_of_measurement: "W" });
  expect([" 5 ", "-0.5", "1e3"].map((text) => reading(found, "value", text))).toEqual([5, -0.5, 1_000]);
  for (const text of ["0x10", "0b11", "0o17", "1_000", "Infinity"]) {
    expect(reading(found, "value", text)).toBe(`problem: found "${text}"`);
  }
  expect(reading(found, "value", "9007199254740993")).toBe(
    'problem: expected fewer digits, found "9007199254740993"',
  );
  const { problems } = entity("homeassistant/sensor/n/config", { state_topic: "n", expire_after: "0x10" });
  expect(problems).toEqual(["sensor.n.expire_after: expected a number"]);
});

test("a command template has a number as it was written", () => {
  const found = entity("homeassistant/text/n/config", {
    command_topic: "n",
    command_template: "{{ value is number }} {{ value }}",
  });
  expect(writing(found, "value", "12.5")).toBe("n True 12.5");
  expect(writing(found, "value", "9007199254740993")).toBe("n False 9007199254740993");
});

test("of the colour of a light each part is a decimal number", () => {
  const found = entity("homeassistant/light/l/config", {
    command_topic: "l",
    rgb_command_topic: "l/c",
    rgb_state_topic: "l/c",
  });
  expect(reading(found, "color", "255, 0,16")).toBe("rgb,255,0,16");
  expect(reading(found, "color", "0xff,0,16")).toBe('problem: found "0xff,0,16"');
  expect(reading(found, "color", "255,,16")).toBe('problem: found "255,,16"');
});
