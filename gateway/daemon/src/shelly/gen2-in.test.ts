import type { Json } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { DialectHouse } from "../foreign/testing/dialect-house.ts";

const ID = "shellyplus1pm-a8032abe54dc";

/** As the pages of each component show it: https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch etc. */
const SWITCH = {
  id: 0,
  source: "WS_in",
  output: false,
  apower: 8.9,
  voltage: 237.5,
  current: 0.148,
  pf: 0.6,
  aenergy: { total: 6532, by_minute: [45.1, 47.6, 47.3], minute_ts: 1626935779 },
  temperature: { tC: 23.5, tF: 74.4 },
};
const STATUS = {
  ble: {},
  cloud: { connected: false },
  "input:0": { id: 0, state: false },
  mqtt: { connected: true },
  "switch:0": SWITCH,
  sys: { mac: "A8032ABE54DC", uptime: 11081 },
};
const CONFIG = {
  "switch:0": { id: 0, name: "Kettle" },
  sys: { device: { name: "Kitchen", mac: "A8032ABE54DC" } },
};

function answer(id: string, result: Json, src = ID, prefix = ID) {
  return { id, src, dst: `${prefix}/tram`, result };
}

async function known(status: Json = STATUS, { config = CONFIG as Json } = {}): Promise<DialectHouse> {
  const house = new DialectHouse();
  await house.hear(`${ID}/online`, "true", { retain: true });
  await house.hear(`${ID}/tram/rpc`, answer("Shelly.GetConfig", config));
  await house.hear(`${ID}/tram/rpc`, answer("Shelly.GetStatus", status));
  return house;
}

function notify(params: object, method = "NotifyStatus", src = ID): Json {
  return JSON.parse(
    JSON.stringify({ src, dst: `${src}/events`, method, params: { ts: 1626935779.5, ...params } }),
  ) as Json;
}

test("one that comes online is asked, and is a Thing with its name, its state and its keys", async () => {
  const house = await known();
  expect(house.said).toEqual([
    `${ID}/rpc {"id":"Shelly.GetConfig","src":"${ID}/tram","method":"Shelly.GetConfig"}`,
    `${ID}/rpc {"id":"Shelly.GetStatus","src":"${ID}/tram","method":"Shelly.GetStatus"}`,
  ]);
  expect(house.thing("kitchen")).toMatchObject({ title: "Kitchen", model: "plug-meter" });
  expect(house.keys("kitchen")).toEqual([
    "input-1/active",
    "button/event",
    "plug/on",
    "meter/power",
    "meter/voltage",
    "meter/current",
    "meter/power-factor",
    "meter/energy",
    "device/temperature",
  ]);
  expect(house.thing("kitchen")?.nodes?.plug).toEqual({ title: "Kettle" });
  expect(house.availability("kitchen")).toBe("ready");
  expect(house.value("kitchen", "meter/energy")).toBe("6.532 good");
});

test("changes, whole states and presses are read", async () => {
  const house = await known();
  await house.hear(`${ID}/events/rpc`, notify({ "switch:0": { id: 0, output: true, source: "button" } }));
  expect(house.value("kitchen", "plug/on")).toBe("true good");
  expect(house.value("kitchen", "meter/power")).toBe("8.9 good");
  await house.hear(`${ID}/status/switch:0`, { ...SWITCH, output: false, apower: 12 });
  expect([house.value("kitchen", "plug/on"), house.value("kitchen", "meter/power")]).toEqual([
    "false good",
    "12 good",
  ]);
  const press = (component: string, event: string) =>
    notify({ events: [{ component, id: 0, event, ts: 1 }] }, "NotifyEvent");
  await house.hear(`${ID}/events/rpc`, press("input:1", "single_push"));
  expect(house.value("kitchen", "button/event")).toBeUndefined();
  await house.hear(`${ID}/events/rpc`, press("input:0", "double_push"));
  expect(house.value("kitchen", "button/event")).toBe("double-press good");
  await house.hear(`${ID}/online`, "false");
  expect(house.availability("kitchen")).toBe("lost");
});

test("commands are calls, and an error is their answer", async () => {
  const house = await known();
  const { devices } = house.dialects;
  const sent = devices.command("kitchen" as never, "plug/on" as never, true);
  if (typeof sent === "string" || sent.reply === undefined)
    throw new Error("expected a message with a reply");
  const call = JSON.parse(sent.payload) as { id: number };
  expect(call).toEqual({
    id: expect.any(Number),
    src: `${ID}/tram`,
    method: "Switch.Set",
    params: { id: 0, on: true },
  });
  const refused = devices.answerTo(sent.reply, new AbortController().signal);
  await house.hear(`${ID}/tram/rpc`, { id: call.id + 1, src: ID, error: { code: 1, message: "another's" } });
  await house.hear(`${ID}/tram/rpc`, {
    id: call.id,
    src: ID,
    error: { code: -105, message: "Argument 'id' is missing" },
  });
  expect(await refused).toEqual({ ok: false, problem: "Argument 'id' is missing" });
  const taken = devices.answerTo(sent.reply, new AbortController().signal);
  await house.hear(`${ID}/tram/rpc`, { id: call.id, src: ID, dst: `${ID}/tram`, result: { was_on: false } });
  expect(await taken).toEqual({ ok: true });
  const silent = devices.answerTo(sent.reply, new AbortController().signal);
  await house.clock.advance(3_000);
  expect(await silent).toBeUndefined();
});

test("covers, lights and meters", async () => {
  const cover = {
    id: 0,
    state: "opening",
    apower: 90,
    current_pos: 40,
    pos_control: true,
    aenergy: { total: 1000 },
  };
  const blind = await known({ "cover:0": cover }, { config: {} });
  expect(blind.thing(ID)?.model).toBe("cover");
  expect([blind.value(ID, "cover/state"), blind.value(ID, "cover/position")]).toEqual([
    "opening good",
    "40 good",
  ]);
  expect(blind.command(ID, "cover/position", 10)).toMatch(
    /"method":"Cover.GoToPosition","params":\{"id":0,"pos":10\}/,
  );
  expect(blind.command(ID, "cover/command", "open")).toMatch(/"method":"Cover.Open","params":\{"id":0\}/);

  const strip = await known(
    { "rgb:0": { id: 0, output: true, rgb: [255, 120, 0], brightness: 60 } },
    { config: {} },
  );
  expect(strip.thing(ID)?.model).toBe("color-light");
  expect(strip.value(ID, "light/color")).toBe("rgb,255,120,0 good");
  expect(strip.command(ID, "light/color", "rgb,1,2,3")).toMatch(
    /"method":"RGB.Set","params":\{"id":0,"rgb":\[1,2,3\]\}/,
  );
  const lights = await known(
    { "light:0": { id: 0, output: false, brightness: 5 }, "light:1": { id: 1, output: true, brightness: 9 } },
    { config: { "light:1": { name: "Hall" } } },
  );
  expect(lights.value(ID, "light-2/brightness")).toBe("9 good");
  expect(lights.thing(ID)?.nodes?.["light-2"]).toEqual({ title: "Hall" });
  expect(lights.command(ID, "light-2/on", false)).toMatch(
    /"method":"Light.Set","params":\{"id":1,"on":false\}/,
  );

  // https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/EM and EMData
  const em = {
    id: 0,
    a_current: 4.029,
    a_voltage: 236.1,
    a_act_power: 951.2,
    a_pf: 0.98,
    total_current: 11.1,
    total_act_power: 2484.7,
  };
  const meter = await known(
    { "em:0": em, "emdata:0": { id: 0, total_act: 1500, total_act_ret: 0 } },
    { config: {} },
  );
  expect(meter.thing(ID)?.model).toBe("energy-meter");
  expect([
    meter.value(ID, "meter/power"),
    meter.value(ID, "phase-1/voltage"),
    meter.value(ID, "meter/energy"),
  ]).toEqual(["2484.7 good", "236.1 good", "1.5 good"]);
  const em1 = { current: 2.598, voltage: 234.9, act_power: 501.8, pf: 0.84, freq: 50 };
  const two = await known(
    { "em1:0": { id: 0, ...em1 }, "em1:1": { id: 1, ...em1 }, "em1data:1": { total_act_energy: 6644.9 } },
    { config: {} },
  );
  expect(two.value(ID, "meter-2/power")).toBe("501.8 good");
});

test("what sleeps says all when it wakes, and is not lost when it goes", async () => {
  // As a Plus H&T says it when it wakes up.
  const ht = "shellyhtg3-84fce63ad204";
  const house = new DialectHouse();
  const params = {
    "devicepower:0": { id: 0, battery: { V: 5.32, percent: 65 }, external: { present: false } },
    "humidity:0": { id: 0, rh: 51.2 },
    "temperature:0": { id: 0, tC: 21.4, tF: 70.5 },
  };
  await house.hear(`${ht}/online`, "true");
  await house.hear(`${ht}/events/rpc`, notify(params, "NotifyFullStatus", ht));
  await house.hear(`${ht}/online`, "false");
  expect(house.thing(ht)?.model).toBe("temperature-humidity");
  expect(house.availability(ht)).toBe("ready");
  expect([house.value(ht, "air/temperature"), house.value(ht, "battery/level")]).toEqual([
    "21.4 good",
    "65 good",
  ]);
});

describe("where it is", () => {
  test("with a prefix of its own it is found by what it tells", async () => {
    const house = new DialectHouse();
    await house.hear("attic/lamp/online", "true");
    expect(house.said).toEqual([]);
    await house.hear("attic/lamp/events/rpc", notify({ "switch:0": { output: true } }));
    expect(house.said[0]).toMatch(/^attic\/lamp\/rpc /);
    await house.hear("attic/lamp/tram/rpc", answer("Shelly.GetStatus", STATUS, ID, "attic/lamp"));
    expect(house.command(ID, "plug/on", true)).toMatch(/^attic\/lamp\/rpc /);
    // It is given another prefix, and stays the same Thing.
    await house.clock.advance(60_000);
    await house.hear("hall/lamp/events/rpc", notify({ "switch:0": { output: true } }));
    await house.hear("hall/lamp/tram/rpc", answer("Shelly.GetStatus", STATUS, ID, "hall/lamp"));
    expect(house.things).toEqual([ID]);
    expect(house.command(ID, "plug/on", true)).toMatch(/^hall\/lamp\/rpc /);
  });

  test("it is asked only where its account listens, and each ten seconds at most", async () => {
    const house = new DialectHouse();
    house.forbidden.add(`plug ${ID}/rpc`);
    await house.hear(`${ID}/online`, "true");
    expect(house.said).toEqual([]);
    house.forbidden.clear();
    for (let count = 0; count < 100; count++) await house.hear(`${ID}/online`, "true");
    expect(house.said).toHaveLength(2);
    await house.clock.advance(10_000);
    await house.hear(`${ID}/online`, "true");
    expect(house.said).toHaveLength(4);
  });

  test("after a restart it is there, is heard, and is told", async () => {
    const house = await known();
    const later = new DialectHouse(house.store);
    await later.start();
    expect(later.keys("kitchen")).toEqual(house.keys("kitchen"));
    await later.hear(`${ID}/events/rpc`, notify({ "switch:0": { id: 0, output: true } }));
    expect(later.value("kitchen", "plug/on")).toBe("true good");
    expect(later.command("kitchen", "plug/on", false)).toMatch(/Switch.Set/);
  });

  test("two accounts that claim one device have two Things", async () => {
    const house = await known();
    await house.hear(`thief/tram/rpc`, answer("Shelly.GetStatus", STATUS, ID, "thief"), { as: "thief" });
    expect(house.things).toHaveLength(2);
    expect(house.command("kitchen", "plug/on", true)).toMatch(new RegExp(`^${ID}/rpc `));
  });
});

describe("what is wrong", () => {
  test.each<[string, Json | Uint8Array]>([
    ["no JSON", "{"],
    ["a list", []],
    ["no UTF-8", new Uint8Array([0xff, 0xfe])],
    ["somebody else", answer("Shelly.GetStatus", STATUS, "me")],
    ["a status that is none", answer("Shelly.GetStatus", 7)],
    ["too much", answer("Shelly.GetStatus", { x: "x".repeat(70_000) })],
  ])("%s changes nothing", async (_, payload) => {
    const house = await known();
    await house.hear(`${ID}/tram/rpc`, payload);
    expect(house.keys("kitchen")).toHaveLength(9);
    const nobody = new DialectHouse();
    await nobody.hear(`${ID}/tram/rpc`, payload);
    expect(nobody.things).toEqual([]);
  });

  test("components that are hostile: names of objects, ten thousand of them, values that are none", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 900 }, (_, index) => [`switch:${index}`, { output: true }]),
    );
    const house = await known({ ...many, "constructor:0": { output: true } }, { config: {} });
    expect(house.keys(ID).length).toBeLessThanOrEqual(64);
    const odd = new DialectHouse();
    await odd.hear(
      `${ID}/tram/rpc`,
      `{"id":"Shelly.GetStatus","src":"${ID}","result":{"__proto__":{"output":true},"switch:0":{"output":"yes","apower":1e400},"input:0":null,"cover:x":{}}}`,
    );
    expect(odd.keys(ID)).toEqual(["plug/on", "meter/power"]);
    expect([odd.value(ID, "plug/on"), odd.value(ID, "meter/power")]).toEqual(["null bad", "null bad"]);
  });
});
