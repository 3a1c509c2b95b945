import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { claim, enter } from "./claiming-device.ts";
import { type Login, playHomie4, playShelly1, playShelly2, playTasmota } from "./dialect-devices.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const PROBE: Login = { username: "probe", password: "probe-password" };

/** What the command line tells of a house, as JSON. */
function asker(data: string) {
  return async (...args: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, stderr, stdout } = await tram([...args, "--json"], { TRAM_DATA: data });
    if (stdout === "") throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
}

/** Asks until the answer is as wished. */
async function eventually(ask: () => Promise<unknown>, wished: object): Promise<void> {
  const end = performance.now() + 15_000;
  for (;;) {
    const found = await ask().catch(String);
    try {
      expect(found).toMatchObject(wished);
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

async function pair(json: ReturnType<typeof asker>, kind: string, id: string): Promise<Login> {
  const { password } = await json("pair", "--kind", kind, "--id", id);
  return { username: id, password: String(password) };
}

test("devices of people are Things as they come: told, confirmed, lost, and there after a crash", async () => {
  using folder = temporaryFolder("device-dialects");
  const { config, data } = house(folder.path);
  const json = asker(data);
  const first = await startGateway(config);
  await using _first = first.process;
  const { mqttPort: port } = first;
  const tasmota = await pair(json, "tasmota", "kettle");
  const plug = await pair(json, "shelly", "plug");
  const later = await pair(json, "shelly", "lamp");
  const { code } = await json("pair", "--minutes", "5");
  const weather = (await claim(port, String(code), { id: "weather", kind: "homie-4" })) as Login;

  const kettle = await playTasmota(port, tasmota, { alsoHass: true });
  await playShelly1(port, plug);
  await playShelly2(port, later);
  await playHomie4(port, weather);

  await eventually(() => json("get", "kettle", "meter/power"), { value: 1_860, quality: "good" });
  expect(await json("things", "kettle")).toMatchObject({
    availability: "ready",
    thing: { title: "kettle", model: "plug-meter" },
  });
  expect(await json("get", "plug", "meter/energy")).toMatchObject({ value: 1.5, quality: "good" });
  await eventually(() => json("get", "kitchen", "meter/voltage"), { value: 237.5, quality: "good" });
  expect(await json("get", "weather-station", "air/temperature")).toMatchObject({
    value: 21.5,
    quality: "good",
  });
  expect(await json("get", "weather-station", "outside/sky")).toMatchObject({
    value: "cloudy",
    quality: "good",
  });
  const { things } = (await json("things")) as unknown as { things: { thing: { id: string } }[] };
  expect(things.map(({ thing }) => thing.id).sort()).toEqual([
    "kettle",
    "kitchen",
    "plug",
    "weather-station",
  ]);

  // A command is confirmed by what the device reports.
  for (const thing of ["kettle", "plug", "kitchen"]) {
    expect(await json("set", thing, "plug/on", "true", "--wait", "10"), thing).toMatchObject({
      state: "confirmed",
    });
  }
  expect(kettle.told).toContain("cmnd/kettle/POWER1 ON");
  expect((await tram(["set", "weather-station", "outside/sky", "clear"], { TRAM_DATA: data })).code).not.toBe(
    0,
  );

  // Home Assistant hears of those that have not told it themselves.
  const eyes = await enter(port, { username: "eyes", password: "eyes-password" });
  const discovered: string[] = [];
  eyes.on("message", (topic) => discovered.push(topic));
  await eyes.subscribeAsync("homeassistant/device/#", { qos: 1 });
  await expect
    .poll(() => [...discovered].sort(), { timeout: 10_000 })
    .toEqual(["kitchen", "plug", "weather-station"].map((id) => `homeassistant/device/${id}/config`));

  kettle.lose();
  await eventually(() => json("things", "kettle"), { availability: "lost" });
  await first.process.end("SIGKILL");

  const second = await startGateway(config);
  await using _second = second.process;
  expect(await json("things", "kitchen")).toMatchObject({ thing: { title: "Kitchen" } });
  expect(await json("things", "kettle")).toMatchObject({ availability: "lost" });
  await playTasmota(second.mqttPort, tasmota);
  await playShelly1(second.mqttPort, plug);
  await playShelly2(second.mqttPort, later, { isLocked: true });
  await eventually(() => json("things", "kettle"), { availability: "ready" });
  expect(await json("set", "kettle", "plug/on", "true", "--wait", "10")).toMatchObject({
    state: "confirmed",
  });
  expect(await json("set", "plug", "plug/on", "false", "--wait", "10")).toMatchObject({ state: "confirmed" });
  await eventually(() => json("things", "kitchen"), { availability: "ready" });
  expect(await json("set", "kitchen", "plug/on", "true", "--wait", "10")).toMatchObject({
    state: "failed",
    code: "rejected",
    reason: "Precondition failed: switch is locked",
  });

  // Whoever is turned out cannot say so any more.
  expect((await tram(["credentials", "revoke", "kettle"], { TRAM_DATA: data })).code).toBe(0);
  expect(await json("things", "kettle")).toMatchObject({ availability: "lost" });
});

test("a hostile device gets nobody's topics, and disturbs nobody", async () => {
  using folder = temporaryFolder("hostile-dialects");
  const { config, data } = house(folder.path);
  writeFileSync(config, readFileSync(config, "utf8").replace("mqtt:", "mqtt:\n  discovery: off"));
  const json = asker(data);
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  const { mqttPort: port } = gateway;
  const kettle = await playTasmota(port, await pair(json, "tasmota", "kettle"));
  await eventually(() => json("things", "kettle"), { availability: "ready" });

  const thief = await enter(port, await pair(json, "tasmota", "thief"));
  const discovery = "tasmota/discovery/00000000AAAA/config";
  const config_ = (more: object): string =>
    JSON.stringify({ mac: "00000000AAAA", dn: "Thief", t: "kettle", rl: [1], ver: 1, ...more });
  await thief.publishAsync(discovery, config_({}), { qos: 1, retain: true });
  expect(await json("things", "thief")).toMatchObject({
    problem: "tele/kettle/STATE: thief may not publish there",
    thing: { properties: {} },
  });
  // The kettle's own place: its account alone speaks for it.
  await thief.publishAsync("tasmota/discovery/48551917E7AE/config", "", { qos: 1, retain: true });
  expect(await json("things", "kettle")).toMatchObject({ availability: "ready" });

  const flood = Array.from({ length: 3_000 }, (_, index) =>
    thief.publishAsync(
      discovery,
      config_({ dn: `Thief ${index}`, t: "thief", rl: Array<number>(32).fill(1) }),
      { qos: 1 },
    ),
  );
  const odd = [
    "{",
    "[]",
    '{"__proto__":{"rl":[1]}}',
    '{"mac":"00000000AAAA","rl":[1e400]}',
    config_({ rl: Array(10_000).fill(1) }),
  ];
  for (const payload of odd) flood.push(thief.publishAsync(discovery, payload, { qos: 1 }));
  flood.push(thief.publishAsync(discovery, Buffer.from([0xff, 0xfe, 0x00]), { qos: 1 }));
  const started = performance.now();
  expect(await json("set", "kettle", "plug/on", "true", "--wait", "10")).toMatchObject({
    state: "confirmed",
  });
  expect(performance.now() - started).toBeLessThan(10_000);
  await Promise.all(flood);
  expect(kettle.told.filter((line) => line.startsWith("cmnd/kettle/POWER"))).toEqual([
    "cmnd/kettle/POWER1 ON",
  ]);
  const probe = await enter(port, PROBE);
  // Home Assistant's discovery is switched off, both ways.
  const lamp = { name: "Lamp", cmd_t: "lamp/set", dev: { ids: ["lamp"], name: "Lamp" } };
  await probe.publishAsync("homeassistant/switch/lamp/config", JSON.stringify(lamp), { qos: 1 });
  expect((await tram(["things", "lamp"], { TRAM_DATA: data })).code).toBe(1);
  const discovered: string[] = [];
  probe.on("message", (topic) => discovered.push(topic));
  await probe.subscribeAsync("homeassistant/device/#", { qos: 1 });
  await probe.publishAsync("stat/kettle/RESULT", JSON.stringify({ POWER: "OFF" }), { qos: 1 });
  expect(await json("get", "kettle", "plug/on")).toMatchObject({ value: false });
  await eventually(() => json("things", "thief"), { thing: { title: "Thief 2999" } });
  await playShelly1(port, await pair(json, "shelly", "plug"));
  await eventually(() => json("things", "plug"), { availability: "ready" });
  expect(discovered).toEqual([]);
});
