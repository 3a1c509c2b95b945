import { describe, expect, test } from "vitest";
import { DialectHouse } from "../foreign/testing/dialect-house.ts";

/** As https://shelly-api-docs.shelly.cloud/gen1/#mqtt-support shows it. */
function announcement(id: string, model: string, more = {}) {
  return {
    id,
    model,
    mac: "98CDAC2A1B2C",
    ip: "192.168.1.7",
    new_fw: false,
    fw_ver: "20230913-112316/v1.14.0",
    ...more,
  };
}

async function announced(id: string, model: string, more = {}): Promise<DialectHouse> {
  const house = new DialectHouse();
  await house.hear("shellies/announce", announcement(id, model, more));
  return house;
}

test("a plug announces itself, is read and told, and comes and goes", async () => {
  const house = await announced("shellyplug-s-2A1B2C", "SHPLG-S");
  const plug = "shellyplug-s-2a1b2c";
  expect(house.thing(plug)).toMatchObject({ title: "shellyplug-s-2A1B2C", model: "plug-meter" });
  expect(house.keys(plug)).toEqual(["plug/on", "meter/power", "meter/energy", "device/temperature"]);
  expect(house.said).toEqual(["shellies/shellyplug-s-2A1B2C/command update"]);
  const say = (topic: string, payload: string) =>
    house.hear(`shellies/shellyplug-s-2A1B2C/${topic}`, payload);
  await say("online", "true");
  await say("relay/0", "on");
  await say("relay/0/power", "1860.53");
  await say("relay/0/energy", "90000");
  await say("temperature", "31.20");
  expect(house.availability(plug)).toBe("ready");
  expect(
    ["plug/on", "meter/power", "meter/energy", "device/temperature"].map((key) => house.value(plug, key)),
  ).toEqual(["true good", "1860.53 good", "1.5 good", "31.2 good"]);
  await say("relay/0", "overpower");
  expect(house.value(plug, "plug/on")).toBe("false good");
  expect(house.command(plug, "plug/on", true)).toBe("shellies/shellyplug-s-2A1B2C/relay/0/command on");
  await say("online", "false");
  expect(house.availability(plug)).toBe("lost");
});

describe("a Shelly 2.5", () => {
  test("with two relays", async () => {
    const house = await announced("two", "SHSW-25", { mode: "relay" });
    expect(house.keys("two")).toEqual([
      "relay-1/on",
      "relay-1/power",
      "relay-1/energy",
      "relay-2/on",
      "relay-2/power",
      "relay-2/energy",
      "input-1/active",
      "button-1/event",
      "input-2/active",
      "button-2/event",
      "device/temperature",
      "meter/voltage",
    ]);
    expect(house.thing("two")?.properties["relay-2/power"]).toMatchObject({ unit: "W", readOnly: true });
  });

  test("as a roller, until it is set to relays again", async () => {
    const house = await announced("two", "SHSW-25", { mode: "roller" });
    expect(house.thing("two")?.model).toBe("cover");
    await house.hear("shellies/two/roller/0", "open");
    await house.hear("shellies/two/roller/0/pos", "-1");
    expect(house.value("two", "cover/position")).toBeUndefined();
    await house.hear("shellies/two/roller/0/pos", "40");
    expect([house.value("two", "cover/state"), house.value("two", "cover/position")]).toEqual([
      "opening good",
      "40 good",
    ]);
    expect(house.command("two", "cover/command", "close")).toBe("shellies/two/roller/0/command close");
    expect(house.command("two", "cover/position", 10)).toBe("shellies/two/roller/0/command/pos 10");
    await house.hear("shellies/announce", announcement("two", "SHSW-25", { mode: "relay" }));
    expect(house.keys("two")).toContain("relay-2/on");
    expect(house.keys("two")).not.toContain("cover/position");
  });
});

test("lights: a dimmer, a strip in colour and in white, a bulb", async () => {
  const dimmer = await announced("dimmer", "SHDM-2");
  // As a device in use has said it.
  const status = {
    ison: true,
    source: "mqtt",
    has_timer: false,
    mode: "white",
    brightness: 41,
    transition: 0,
  };
  await dimmer.hear("shellies/dimmer/light/0/status", status);
  expect([dimmer.value("dimmer", "light/on"), dimmer.value("dimmer", "light/brightness")]).toEqual([
    "true good",
    "41 good",
  ]);
  expect(dimmer.command("dimmer", "light/brightness", 50)).toBe(
    'shellies/dimmer/light/0/set {"brightness":50}',
  );
  await dimmer.hear("shellies/dimmer/light/0/power", "14.2");
  expect(dimmer.value("dimmer", "meter/power")).toBe("14.2 good");
  expect(dimmer.command("dimmer", "light/on", false)).toBe("shellies/dimmer/light/0/command off");

  const strip = await announced("strip", "SHRGBW2", { mode: "color" });
  const color = {
    ison: true,
    mode: "color",
    red: 255,
    green: 120,
    blue: 0,
    white: 0,
    gain: 70,
    effect: 0,
    power: 3.1,
  };
  await strip.hear("shellies/strip/color/0/status", color);
  expect(strip.value("strip", "light/color")).toBe("rgb,255,120,0 good");
  expect(strip.value("strip", "light/brightness")).toBe("70 good");
  expect(strip.command("strip", "light/color", "rgb,1,2,3")).toBe(
    'shellies/strip/color/0/set {"red":1,"green":2,"blue":3}',
  );
  const white = await announced("strip", "SHRGBW2", { mode: "white" });
  expect(white.keys("strip").filter((key) => key.startsWith("light-"))).toHaveLength(8);
  expect(white.command("strip", "light-4/on", true)).toBe("shellies/strip/white/3/command on");

  const bulb = await announced("bulb", "SHCB-1", { mode: "color" });
  expect(bulb.thing("bulb")?.model).toBe("color-light");
  expect(bulb.command("bulb", "light/color-temperature", 4_000)).toBe(
    'shellies/bulb/color/0/set {"mode":"white","temp":4000}',
  );
  await bulb.hear("shellies/bulb/color/0/status", { ...color, mode: "white", brightness: 12, temp: 4_000 });
  expect(bulb.value("bulb", "light/brightness")).toBe("12 good");
});

test("what sleeps is not lost when it goes, and tells what it senses", async () => {
  const house = await announced("ht", "SHHT-1");
  await house.hear("shellies/ht/sensor/temperature", "21.88");
  await house.hear("shellies/ht/sensor/humidity", "48.0");
  await house.hear("shellies/ht/sensor/battery", "87");
  await house.hear("shellies/ht/online", "false");
  expect(house.thing("ht")?.model).toBe("temperature-humidity");
  expect(house.availability("ht")).toBe("ready");
  expect(house.value("ht", "air/temperature")).toBe("21.88 good");
  expect(house.value("ht", "battery/level")).toBe("87 good");

  const flood = await announced("flood", "SHWT-1");
  await flood.hear("shellies/flood/sensor/flood", "true");
  expect(flood.value("flood", "leak/detected")).toBe("true good");
  const door = await announced("door", "SHDW-2");
  await door.hear("shellies/door/sensor/state", "open");
  expect([door.thing("door")?.model, door.value("door", "contact/open")]).toEqual(["contact", "true good"]);
  const motion = await announced("motion", "SHMOS-01");
  await motion.hear("shellies/motion/status", {
    motion: true,
    timestamp: 1,
    active: true,
    vibration: false,
    lux: 3,
    bat: 97,
  });
  expect([motion.value("motion", "motion/detected"), motion.value("motion", "ambient/illuminance")]).toEqual([
    "true good",
    "3 good",
  ]);
});

test("three phases", async () => {
  const house = await announced("em", "SHEM-3");
  await house.hear("shellies/em/emeter/1/power", "-200.5");
  await house.hear("shellies/em/emeter/1/total", "1500");
  expect([house.value("em", "phase-2/power"), house.value("em", "phase-2/energy")]).toEqual([
    "-200.5 good",
    "1.5 good",
  ]);
});

describe("presses", () => {
  const event = (name: string, count: number) => ({ event: name, event_cnt: count });

  test("happen once, however often they are told", async () => {
    const house = await announced("i3", "SHIX3-1");
    const presses: string[] = [];
    const press = async (said: object) => {
      await house.hear("shellies/i3/input_event/0", JSON.parse(JSON.stringify(said)));
      presses.push(house.value("i3", "button-1/event") ?? "none");
    };
    for (const said of [event("S", 4), event("S", 4), event("SS", 5), event("SS", 5), event("L", 6)])
      await press(said);
    expect(presses).toEqual(["none", "none", "double-press good", "double-press good", "long-press good"]);
  });

  test("that were retained are over", async () => {
    const house = new DialectHouse();
    house.retained.set("shellies/b/input_event/0", JSON.stringify(event("S", 4)));
    await house.hear("shellies/announce", announcement("b", "SHBTN-1"));
    expect(house.value("b", "button/event")).toBeUndefined();
    await house.hear("shellies/b/input_event/0", event("L", 5));
    expect(house.value("b", "button/event")).toBe("long-press good");
  });
});

test("one that has not announced itself is asked to, once, and where its account listens", async () => {
  const house = new DialectHouse();
  house.forbidden.add("other shellies/x/command");
  const asked = () => house.said.filter((line) => line.endsWith(" announce"));
  await house.hear("shellies/x/online", "true", { as: "other" });
  expect(asked()).toEqual([]);
  for (let count = 0; count < 5; count++) await house.hear("shellies/x/online", "true");
  expect(asked()).toEqual(["shellies/x/command announce"]);
  await house.hear("shellies/announce", announcement("x", "SHSW-1"));
  await house.clock.advance(60_000);
  house.said.length = 0;
  await house.hear("shellies/x/online", "true");
  expect(house.said).toEqual([]);
});

test("a probe that is put in appears, and all is there after a restart", async () => {
  const house = await announced("one", "SHSW-1");
  expect(house.keys("one")).toEqual(["switch/on", "input-1/active", "button/event"]);
  await house.hear("shellies/one/ext_temperature/0", "18.4");
  await house.hear("shellies/one/ext_temperature/1", "-3");
  expect(house.value("one", "air/temperature")).toBe("18.4 good");
  expect(house.value("one", "probe-2/temperature")).toBe("-3 good");
  const later = new DialectHouse(house.store);
  await later.start();
  expect(later.keys("one")).toEqual(house.keys("one"));
  await later.hear("shellies/one/relay/0", "on");
  expect([later.availability("one"), later.value("one", "switch/on")]).toEqual(["ready", "true good"]);
});

describe("what is wrong", () => {
  test.each([
    "{",
    "[]",
    '{"id":7}',
    '{"id":"a/b","model":"SHSW-1"}',
    '{"id":"#","model":"SHSW-1"}',
    new Uint8Array([0xc0]),
  ])("an announcement like %s makes nothing", async (payload) => {
    const house = new DialectHouse();
    await house.hear("shellies/announce", payload);
    await house.hear("shellies/announce", payload);
    expect(house.things).toEqual([]);
    expect(house.lines.filter((line) => line.includes("refused"))).toHaveLength(1);
  });

  test("a model that nobody knows is told on the Thing", async () => {
    const house = await announced("new", "SHNEW-1");
    expect(house.problem("new")).toBe("the model SHNEW-1 is not known");
    const proto = await announced("new", "__proto__");
    expect(proto.problem("new")).toBe("the model __proto__ is not known");
  });

  test("who announces another's id gets none of its topics", async () => {
    const house = new DialectHouse();
    for (const topic of ["relay/0", "relay/0/command", "input/0", "input_event/0", "online", "command"]) {
      house.forbidden.add(`thief shellies/lock/${topic}`);
    }
    await house.hear("shellies/announce", announcement("lock", "SHSW-1"), { as: "thief" });
    expect(house.keys("lock")).toEqual([]);
    expect(house.problem("lock")).toBe("shellies/lock/relay/0: thief may not publish there");
    expect(house.said).toEqual([]);
  });

  test("values that are none are bad", async () => {
    const house = await announced("p", "SHPLG-S");
    for (const payload of ["NaN", "1e400", "Infinity", "0x1F4 W", "{}", new Uint8Array([0xff])]) {
      await house.hear("shellies/p/relay/0/power", payload);
      expect(house.value("p", "meter/power")).toBe("null bad");
    }
  });
});
