import { describe, expect, test } from "vitest";
import { DialectHouse } from "../foreign/testing/dialect-house.ts";
import { config, ENERGY, LIGHT_STATE, MAC, SENSORS } from "./fixtures/messages.ts";

const CONFIG = `tasmota/discovery/${MAC}/config`;
const SENSOR_LIST = `tasmota/discovery/${MAC}/sensors`;

async function described(more = {}, sensors: object = SENSORS): Promise<DialectHouse> {
  const house = new DialectHouse();
  await house.hear(CONFIG, config(more), { retain: true });
  await house.hear(SENSOR_LIST, JSON.parse(JSON.stringify(sensors)), { retain: true });
  return house;
}

describe("a plug that measures", () => {
  test("is a Thing with the keys of its model", async () => {
    const house = await described();
    expect(house.things).toEqual(["kettle"]);
    expect(house.thing("kettle")).toMatchObject({ title: "Kettle", model: "plug-meter" });
    expect(house.keys("kettle")).toEqual([
      "plug/on",
      "meter/energy",
      "energy/yesterday",
      "energy/today",
      "meter/power",
      "energy/apparent-power",
      "energy/reactive-power",
      "meter/power-factor",
      "meter/voltage",
      "meter/current",
    ]);
    expect(house.said).toEqual([
      "cmnd/kettle/STATE ",
      "cmnd/kettle/STATUS 10",
      "cmnd/kettle/STATE ",
      "cmnd/kettle/STATUS 10",
    ]);
  });

  test("tells its state at each of its topics, and is there and gone with its last will", async () => {
    const house = await described();
    await house.hear("tele/kettle/LWT", "Online", { retain: true });
    expect(house.availability("kettle")).toBe("ready");
    await house.hear("tele/kettle/STATE", { Time: "2024-01-01T00:00:00", POWER: "OFF", Wifi: { RSSI: 92 } });
    expect(house.value("kettle", "plug/on")).toBe("false good");
    await house.hear("stat/kettle/RESULT", { POWER: "ON" });
    expect(house.value("kettle", "plug/on")).toBe("true good");
    await house.hear("stat/kettle/POWER", "OFF");
    expect(house.value("kettle", "plug/on")).toBe("false good");
    await house.hear("tele/kettle/SENSOR", {
      Time: "2024-01-01T00:00:00",
      ENERGY: { ...ENERGY, Power: 12.5 },
    });
    expect(house.value("kettle", "meter/power")).toBe("12.5 good");
    await house.hear("stat/kettle/STATUS10", { StatusSNS: { ENERGY: { ...ENERGY, Power: 13 } } });
    expect(house.value("kettle", "meter/power")).toBe("13 good");
    await house.hear("tele/kettle/LWT", "Offline", { retain: true });
    expect(house.availability("kettle")).toBe("lost");
    expect(house.value("kettle", "meter/power")).toBe("13 stale");
  });

  test("is told what to do", async () => {
    const house = await described();
    expect(house.command("kettle", "plug/on", true)).toBe("cmnd/kettle/POWER1 ON");
    expect(house.command("kettle", "meter/power", 1)).toMatch(/^refused: /);
  });

  test("goes when its description is cleared, and only for who gave it", async () => {
    const house = await described();
    await house.hear(CONFIG, "", { as: "other" });
    expect(house.things).toEqual(["kettle"]);
    await house.hear(CONFIG, "");
    expect(house.things).toEqual([]);
  });
});

test("several relays, a shutter, switches and buttons each have their place", async () => {
  const house = await described(
    {
      fn: ["Pump", "Heater", "Blind", null],
      rl: [1, 1, 3, 3],
      swc: [0, -1],
      swn: ["Door", null],
      btn: [1, 0],
      so: { 73: 1, 114: 1 },
      sho: [1],
      sht: [[-90, 90, 0]],
    },
    { sn: {} },
  );
  expect(house.keys("kettle")).toEqual([
    "relay-1/on",
    "relay-2/on",
    "cover/command",
    "cover/state",
    "cover/position",
    "cover/tilt",
    "input-1/active",
    "button/event",
  ]);
  expect(house.thing("kettle")?.nodes?.["relay-1"]).toEqual({ title: "Pump" });
  await house.hear("stat/kettle/RESULT", { POWER2: "ON" });
  expect([house.value("kettle", "relay-1/on"), house.value("kettle", "relay-2/on")]).toEqual([
    undefined,
    "true good",
  ]);
  // It runs backwards.
  await house.hear("stat/kettle/RESULT", { Shutter1: { Position: 30, Direction: -1, Target: 10, Tilt: 45 } });
  expect(house.value("kettle", "cover/position")).toBe("70 good");
  expect(house.value("kettle", "cover/state")).toBe("opening good");
  expect(house.value("kettle", "cover/tilt")).toBe("75 good");
  expect(house.command("kettle", "cover/position", 100)).toBe("cmnd/kettle/ShutterPosition1 0");
  expect(house.command("kettle", "cover/command", "close")).toBe("cmnd/kettle/ShutterClose1 ");
  expect(house.command("kettle", "cover/tilt", 75)).toBe("cmnd/kettle/ShutterTilt1 45");
  await house.hear("stat/kettle/RESULT", { Switch1: { Action: "ON" } });
  expect(house.value("kettle", "input-1/active")).toBe("true good");
  await house.hear("tele/kettle/SENSOR", { Switch1: "OFF" });
  expect(house.value("kettle", "input-1/active")).toBe("false good");
  await house.hear("stat/kettle/RESULT", { Button1: { Action: "DOUBLE" } });
  expect(house.value("kettle", "button/event")).toBe("double-press good");
});

describe("lights", () => {
  test("of five channels: white and colour, and what they are told they do", async () => {
    const house = await described({ rl: [2], lt_st: 5, lk: 1 }, { sn: {} });
    expect(house.thing("kettle")?.model).toBe("color-light");
    await house.hear("tele/kettle/STATE", LIGHT_STATE);
    expect(house.value("kettle", "light/on")).toBe("true good");
    expect(house.value("kettle", "light/brightness")).toBe("70 good");
    expect(house.value("kettle", "light/color")).toBe("rgb,255,60,0 good");
    expect(house.value("kettle", "light/color-temperature")).toBe("2703 good");
    expect(house.command("kettle", "light/color", "rgb,255,57,0")).toBe("cmnd/kettle/Color2 255,57,0");
    expect(house.command("kettle", "light/color-temperature", 2_700)).toBe("cmnd/kettle/CT 370");
    expect(house.command("kettle", "light/brightness", 40)).toBe("cmnd/kettle/Dimmer 40");
    await house.hear("stat/kettle/RESULT", LIGHT_STATE);
    // In the steps of the device that is what it was told.
    expect(house.value("kettle", "light/color-temperature")).toBe("2700 good");
    expect(house.value("kettle", "light/color")).toBe("rgb,255,57,0 good");
    await house.hear("stat/kettle/RESULT", { HSBColor: "240,100,70", CT: 153 });
    expect(house.value("kettle", "light/color")).toBe("rgb,0,0,255 good");
    expect(house.value("kettle", "light/color-temperature")).toBe("6536 good");
  });

  test("as channels of their own, and split into colour and white", async () => {
    const channels = await described({ rl: [2, 2], lt_st: 2, so: { 68: 1 } }, { sn: {} });
    expect(channels.keys("kettle")).toEqual([
      "light-1/on",
      "light-1/brightness",
      "light-2/on",
      "light-2/brightness",
    ]);
    expect(channels.command("kettle", "light-2/brightness", 5)).toBe("cmnd/kettle/Channel2 5");
    const split = await described({ rl: [2, 2], lt_st: 5, lk: 0 }, { sn: {} });
    expect(split.keys("kettle")).toEqual([
      "light-1/on",
      "light-1/brightness",
      "light-1/color",
      "light-2/on",
      "light-2/brightness",
      "light-2/color-temperature",
    ]);
    expect(split.command("kettle", "light-1/color", "rgb,1,2,3")).toBe("cmnd/kettle/Color2 1,2,3=");
  });

  test("of a ceiling fan", async () => {
    const house = await described({ if: 1, rl: [2, 0, 0, 0], lt_st: 1 }, { sn: {} });
    expect(house.keys("kettle")).toEqual(["light/on", "fan/on", "fan/mode"]);
    expect(house.command("kettle", "fan/mode", "medium")).toBe("cmnd/kettle/FanSpeed 2");
    await house.hear("stat/kettle/RESULT", { FanSpeed: 3 });
    expect([house.value("kettle", "fan/on"), house.value("kettle", "fan/mode")]).toEqual([
      "true good",
      "high good",
    ]);
  });
});

test("sensors get the keys of the Thing Models, in their units, and the second of a kind its own name", async () => {
  const sn = {
    Time: "2024-01-01T00:00:00",
    DS18B20: { Id: "01131B123456", Temperature: 68 },
    BME280: { Temperature: null, Humidity: 40, DewPoint: 44.6, Pressure: 750 },
    ENERGY: { Total: [1, 2], Power: [10, 20] },
    ANALOG: { A0: 1024 },
    TX23: { Speed: { Act: 3.2, Avg: 2 } },
    PressureUnit: "mmHg",
    TempUnit: "F",
  };
  const house = await described({ rl: [] }, { sn, ver: 1 });
  expect(house.keys("kettle")).toEqual([
    "air/temperature",
    "bme280/temperature",
    "air/humidity",
    "bme280/dew-point",
    "air/pressure",
    "phase-1/energy",
    "phase-2/energy",
    "phase-1/power",
    "phase-2/power",
    "analog/a0",
    "tx23/speed-act",
    "tx23/speed-avg",
  ]);
  await house.hear("tele/kettle/SENSOR", sn);
  expect(house.value("kettle", "air/temperature")).toBe("20 good");
  expect(house.value("kettle", "air/pressure")).toBe("999.9 good");
  expect(house.value("kettle", "phase-2/power")).toBe("20 good");
  expect(house.value("kettle", "tx23/speed-act")).toBe("3.2 good");
  expect(house.value("kettle", "bme280/temperature")).toBeUndefined();
});

describe("one device is one Thing", () => {
  const HASS = "homeassistant/switch/17E7AE_RL_1/config";
  const RELAY = {
    name: "Relay",
    "~": "cmnd/kettle/",
    stat_t: "tele/kettle/STATE",
    cmd_t: "~POWER",
    val_tpl: "{{value_json.POWER}}",
    dev: { ids: ["17E7AE"], name: "Kettle" },
  };

  test("whatever it says first, and Home Assistant's words count again when its own are gone", async () => {
    const house = new DialectHouse();
    await house.hear(HASS, RELAY, { retain: true });
    expect(house.keys("kettle")).toHaveLength(1);
    await house.hear(CONFIG, config(), { retain: true });
    expect(house.things).toEqual(["kettle"]);
    expect(house.keys("kettle")).toEqual(["switch/on"]);
    await house.hear(HASS, { ...RELAY, name: "Again" }, { retain: true });
    expect(house.things).toEqual(["kettle"]);
    expect(house.keys("kettle")).toEqual(["switch/on"]);

    const later = new DialectHouse(house.store);
    for (const [topic, payload] of house.retained) later.retained.set(topic, payload);
    await later.start();
    expect(later.things).toEqual(["kettle"]);
    expect(later.keys("kettle")).toEqual(["switch/on"]);
    await later.hear(HASS, "", { retain: true });
    expect(later.things).toEqual(["kettle"]);
    await later.hear(HASS, RELAY, { retain: true });
    await later.hear(CONFIG, "", { retain: true });
    expect(later.things).toEqual(["kettle"]);
    expect(later.keys("kettle")).not.toEqual(["switch/on"]);
  });

  test("of its own account alone", async () => {
    const house = new DialectHouse();
    await house.hear(HASS, RELAY, { as: "other" });
    await house.hear(CONFIG, config());
    expect(house.things).toHaveLength(2);
  });
});

test("it is there after a restart before it says anything, and is commanded", async () => {
  const house = await described();
  await house.hear("tele/kettle/LWT", "Online", { retain: true });
  await house.hear("tele/kettle/STATE", { POWER: "ON" });
  const later = new DialectHouse(house.store);
  later.retained.set("tele/kettle/LWT", "Online");
  await later.start();
  expect(later.availability("kettle")).toBe("ready");
  expect(later.command("kettle", "plug/on", false)).toBe("cmnd/kettle/POWER1 OFF");
  expect(later.said).toEqual([]);
  await later.hear(CONFIG, config(), { retain: true });
  expect(later.things).toEqual(["kettle"]);
  expect(later.keys("kettle")).toContain("meter/power");
});

describe("what is wrong", () => {
  test.each<[string, object | string, RegExp]>([
    ["no JSON", "{", /config: expected a JSON object/],
    ["a list", "[]", /config: expected a JSON object/],
    ["another MAC", config({ mac: "000000000001" }), /config: mac: expected 48551917E7AE/],
    ["a later version", config({ ver: 2 }), /config: ver: expected 1, found 2/],
    ["ten thousand relays", config({ rl: Array<number>(10_000).fill(1) }), /at most 8192 bytes/],
    ["a hundred relays", config({ rl: Array<number>(100).fill(1) }), /rl: expected a list of at most 64/],
    ["relays that are no numbers", config({ rl: [1, "2"] }), /rl: expected whole numbers/],
    ["wildcards", config({ t: "#" }), /ft: expected a topic/],
    ["an unknown token", config({ ft: "%prefix%/%moon%/" }), /ft: expected a topic/],
  ])("%s is told on the Thing, and what was known stays", async (_, said, problem) => {
    const house = await described();
    await house.hear(CONFIG, typeof said === "string" ? said : JSON.parse(JSON.stringify(said)));
    expect(house.problem("kettle")).toMatch(problem);
    expect(house.command("kettle", "plug/on", true)).toBe("cmnd/kettle/POWER1 ON");
    await house.hear(CONFIG, config());
    expect(house.problem("kettle")).toBeUndefined();
  });

  test("a value that is none is bad, and the last good one stays", async () => {
    const house = await described();
    await house.hear("tele/kettle/SENSOR", { ENERGY: { Power: 5 } });
    for (const payload of [
      '{"ENERGY":{"Power":1e400}}',
      '{"ENERGY":{"Power":"NaN"}}',
      "{",
      new Uint8Array([0xff]),
    ]) {
      await house.hear("tele/kettle/SENSOR", payload);
      expect(house.value("kettle", "meter/power")).toBe("5 bad");
    }
    await house.hear("tele/kettle/SENSOR", '{"__proto__":{"ENERGY":{"Power":7}}}');
    expect(house.value("kettle", "meter/power")).toBe("5 bad");
  });

  test("what is nested as deep as it fits is read like anything else", async () => {
    const house = await described();
    const deep = (levels: number): string => `${"[".repeat(levels)}1${"]".repeat(levels)}`;
    const said = JSON.stringify(config({ fn: ["Deep"] }));
    for (const field of ['"so":{', '"sht":[', '"btn":[']) {
      const more = said.replace(field, `${field}${field.endsWith("{") ? '"x":' : ""}${deep(3_200)},`);
      for (const _ of [1, 2]) await house.hear(CONFIG, more.replace(",]", "]"));
    }
    await house.hear(CONFIG, said);
    await house.hear(SENSOR_LIST, `{"sn":{"ENERGY":{"Power":${deep(3_200)}}}}`);
    await house.hear(SENSOR_LIST, { sn: { ENERGY: { Power: 1 } } });
    await house.hear("tele/kettle/SENSOR", `{"ENERGY":{"Power":${deep(100_000)}}}`);
    await house.hear("stat/kettle/RESULT", `{"POWER":${deep(100_000)}}`);
    expect(house.value("kettle", "meter/power")).toBe("null bad");
    expect(house.problem("kettle")).toBeUndefined();
    expect(house.thing("kettle")?.nodes?.plug).toEqual({ title: "Deep" });
  });

  test("relays of a later version are told, and the others work", async () => {
    const house = await described({ rl: [1, 7] }, { sn: {} });
    expect(house.problem("kettle")).toBe("rl: relays of the kind 7 are not known");
    expect(house.keys("kettle")).toEqual(["switch/on"]);
  });

  test("topics of others are left out", async () => {
    const house = new DialectHouse();
    house.forbidden.add("plug cmnd/lock/POWER1");
    house.forbidden.add("plug cmnd/lock/STATE");
    await house.hear(CONFIG, config({ t: "lock", dn: "Lock" }));
    expect(house.problem("lock")).toBe("cmnd/lock/POWER1: plug may not listen there");
    expect(house.command("lock", "switch/on", true)).toMatch(/^refused/);
    expect(house.said).toEqual(["cmnd/lock/STATUS 10"]);
  });
});
