import { describe, expect, test } from "vitest";
import { EYES, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const PLUG = { username: "plug", password: "plug-password" };
const ACCOUNTS = `    - { username: plug, password: plug-password, role: device, topics: ["cmnd/plug", "stat/plug", "tele/plug", "homeassistant/switch/plug", "homeassistant/switch/thief"] }`;

/** As Zigbee2MQTT describes a sensor and a plug; shapes of its documentation. */
const SENSOR = {
  availability: [{ topic: "zigbee2mqtt/bridge/state", value_template: "{{ value_json.state }}" }],
  device: { identifiers: ["zigbee2mqtt_0x01"], name: "Bedroom" },
  state_topic: "zigbee2mqtt/Bedroom",
  device_class: "temperature",
  unit_of_measurement: "°C",
  state_class: "measurement",
  value_template: "{{ value_json.temperature }}",
};
const DISCOVERY = "homeassistant/sensor/0x01/temperature/config";

/** As Tasmota does with SetOption19. */
const SOCKET = {
  name: "Socket",
  "~": "cmnd/plug/",
  stat_t: "tele/plug/STATE",
  cmd_t: "~POWER",
  val_tpl: "{{value_json.POWER}}",
  avty_t: "tele/plug/LWT",
  pl_avail: "Online",
  pl_not_avail: "Offline",
  dev: { ids: ["9A1B2C"], name: "Plug" },
};

const RULES = `
- id: heat
  triggers: [{ numeric: { property: bedroom/air/temperature, below: 18 } }]
  actions: [{ set: plug/relay/on, value: true }]
`;

describe.skipIf(mosquittoMissing())("devices that describe themselves for Home Assistant", () => {
  test("are Things: read, commanded by a rule, lost and back, and there after a crash", async () => {
    using folder = temporaryFolder("foreign-devices");
    const { config, data } = house(folder.path, { accounts: ACCOUNTS, rules: RULES });
    const environment = { TRAM_DATA: data };
    const json = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
      JSON.parse((await tram([...args, "--json"], environment)).stdout) as Record<string, unknown>;
    const first = await startGateway(config);
    await using _first = first.process;
    const port = first.mqttPort;
    const say = (topic: string, payload: object | string, retain = false, who = PROBE): Promise<void> =>
      publish(port, who, {
        topic,
        payload: typeof payload === "string" ? payload : JSON.stringify(payload),
        retain,
      });

    await say(DISCOVERY, SENSOR, true);
    await say("zigbee2mqtt/bridge/state", { state: "online" }, true);
    await say("homeassistant/switch/plug/relay/config", SOCKET, true, PLUG);
    await say("tele/plug/LWT", "Online", true, PLUG);
    await say("tele/plug/STATE", { POWER: "OFF" }, false, PLUG);
    expect(await json("things", "plug")).toMatchObject({ thing: { title: "Plug" }, availability: "ready" });
    expect(await json("get", "plug", "relay/on")).toMatchObject({ value: false, quality: "good" });

    await using plug = await subscribe(port, PLUG, "cmnd/plug/#");
    await say("zigbee2mqtt/Bedroom", { temperature: 21.4, battery: 90 });
    expect(await json("get", "bedroom", "temperature")).toMatchObject({ value: 21.4, quality: "good" });
    await say("zigbee2mqtt/Bedroom", { temperature: 17 });
    await plug.until("the command of the rule", () =>
      messages(plug).find(({ payload, topic }) => topic === "cmnd/plug/POWER" && payload === "ON"),
    );
    await say("tele/plug/STATE", { POWER: "ON" }, false, PLUG);
    expect(await json("get", "plug", "relay/on")).toMatchObject({ value: true });

    // Homie sees it too, and may command it.
    await using eyes = await subscribe(port, EYES, "homie/5/plug/#");
    await eyes.until("its state", () =>
      messages(eyes).find(({ topic }) => topic === "homie/5/plug/relay/on"),
    );
    await say("homie/5/plug/relay/on/set", "false");
    await plug.until("the command of Homie", () => messages(plug).find(({ payload }) => payload === "OFF"));

    await say("tele/plug/LWT", "Offline", true, PLUG);
    expect(await json("things", "plug")).toMatchObject({ availability: "lost" });
    await first.process.end("SIGKILL");

    const second = await startGateway(config);
    await using _process = second.process;
    expect(await json("things", "plug")).toMatchObject({ availability: "lost" });
    expect(await json("things", "bedroom")).toMatchObject({ availability: "ready" });
    await publish(second.mqttPort, PROBE, { topic: "zigbee2mqtt/Bedroom", payload: '{"temperature":16}' });
    expect(await json("get", "bedroom", "temperature")).toMatchObject({ value: 16, quality: "good" });
    await publish(second.mqttPort, PROBE, { topic: DISCOVERY, payload: "", retain: true });
    expect((await tram(["things", "bedroom"], environment)).code).toBe(1);
  });

  test("reach no further than their account, and what is not understood is told on the Thing", async () => {
    using folder = temporaryFolder("foreign-devices");
    const { config, data } = house(folder.path, { accounts: ACCOUNTS });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const environment = { TRAM_DATA: data };
    const { mqttPort: port } = gateway;
    await using eyes = await subscribe(port, PROBE, "#");
    const thief = {
      ...SOCKET,
      "~": "",
      stat_t: "tele/plug/STATE",
      cmd_t: "homie/5/lock/lock/locked/set",
      pl_on: "false",
    };
    await publish(port, PLUG, {
      topic: "homeassistant/switch/thief/config",
      payload: JSON.stringify({ ...thief, dev: { ids: ["thief"], name: "Thief" } }),
      retain: true,
    });
    const shown = JSON.parse((await tram(["things", "thief", "--json"], environment)).stdout) as {
      problem: string;
    };
    expect(shown.problem).toBe("homie/5/lock/lock/locked/set: plug may not listen there");
    const set = await tram(["set", "thief", "thief/on", "true"], environment);
    expect(set.code).toBe(1);
    expect(messages(eyes).filter(({ topic }) => topic === "homie/5/lock/lock/locked/set")).toEqual([]);

    await publish(port, PROBE, {
      topic: "homeassistant/sensor/x/config",
      payload: JSON.stringify({ name: "X", state_topic: "x", value_template: "{{ states('sensor.y') }}" }),
      retain: true,
    });
    const unread = JSON.parse((await tram(["things", "x", "--json"], environment)).stdout) as {
      problem: string;
    };
    expect(unread.problem).toBe("sensor.x.value_template: not supported: function states");
    for (const payload of ["{", "[]", '{"device":7}']) {
      await publish(port, PROBE, { topic: "homeassistant/sensor/y/config", payload });
    }
    expect((await tram(["things"], environment)).code).toBe(0);
  });
});
