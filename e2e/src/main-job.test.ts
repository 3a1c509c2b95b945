import { describe, expect, test } from "vitest";
import { describeDevice, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder } from "./processes.ts";

const SENSOR = { air: { temperature: { datatype: "float", unit: "°C" } } };
const FAN = { fan: { on: { datatype: "boolean", settable: true } } };

const RULES = `
- id: cool
  triggers:
    - { id: hot, numeric: { property: sensor/air/temperature, above: 30 }, for: 2s }
  actions:
    - { set: fan/fan/on, value: true }
`;

async function devices(port: number): Promise<void> {
  await describeDevice(port, PROBE, "sensor", SENSOR);
  await describeDevice(port, PROBE, "fan", FAN);
}

function report(port: number, celsius: string): Promise<void> {
  return publish(port, PROBE, { topic: "homie/5/sensor/air/temperature", payload: celsius, retain: true });
}

describe.skipIf(mosquittoMissing())("a device reports, a rule decides, a device acts", () => {
  test("31.0 for 3 s, above 30 for 2 s: the actuator's /set topic sees the command, once, after 2 s", async () => {
    using folder = temporaryFolder("main");
    const gateway = await startGateway(house(folder.path, { rules: RULES }).config);
    await using _process = gateway.process;
    await devices(gateway.mqttPort);
    await using actuator = await subscribe(gateway.mqttPort, PROBE, "homie/5/fan/fan/on/set");

    await report(gateway.mqttPort, "29.0");
    const startedAt = performance.now();
    await report(gateway.mqttPort, "31.0");
    await report(gateway.mqttPort, "31.0");
    await actuator.until("the command", () => (messages(actuator).length > 0 ? true : undefined), 5_000);
    const waited = performance.now() - startedAt;
    await report(gateway.mqttPort, "31.0");

    expect(messages(actuator)).toEqual([{ topic: "homie/5/fan/fan/on/set", payload: "true" }]);
    expect(waited).toBeGreaterThan(1_900);
  });

  test("below the threshold, or not long enough, nothing is commanded", async () => {
    using folder = temporaryFolder("main");
    const rules = `${RULES}
- id: sentinel
  triggers: [{ numeric: { property: sensor/air/temperature, below: 10 }, for: 3s }]
  actions: [{ set: fan/fan/on, value: false }]
`;
    const gateway = await startGateway(house(folder.path, { rules }).config);
    await using _process = gateway.process;
    await devices(gateway.mqttPort);
    await using actuator = await subscribe(gateway.mqttPort, PROBE, "homie/5/fan/fan/on/set");

    await report(gateway.mqttPort, "29.9");
    await report(gateway.mqttPort, "31.0");
    await report(gateway.mqttPort, "30.0"); // not above
    await report(gateway.mqttPort, "5.0");
    // The sentinel's command comes 3 s later: had the first rule fired, its command would have been seen before.
    await actuator.until("the sentinel", () => (messages(actuator).length > 0 ? true : undefined), 8_000);
    expect(messages(actuator).map(({ payload }) => payload)).toEqual(["false"]);
  });

  test("a flap to unavailable neither resets `for` nor lets it fire on a stale value", async () => {
    using folder = temporaryFolder("main");
    const gateway = await startGateway(house(folder.path, { rules: RULES }).config);
    await using _process = gateway.process;
    await devices(gateway.mqttPort);
    await using actuator = await subscribe(gateway.mqttPort, PROBE, "homie/5/fan/fan/on/set");

    const startedAt = performance.now();
    await report(gateway.mqttPort, "31.0");
    const state = (payload: string): Promise<void> =>
      publish(gateway.mqttPort, PROBE, { topic: "homie/5/sensor/$state", payload, retain: true });
    await state("lost");
    await state("ready");
    await actuator.until("the command", () => (messages(actuator).length > 0 ? true : undefined), 5_000);
    const waited = performance.now() - startedAt;
    expect(waited).toBeGreaterThan(1_900);
    // Had the flap begun the wait anew, it would have come at least 2 s after the flap: well above this.
    expect(messages(actuator)).toHaveLength(1);

    await report(gateway.mqttPort, "20.0");
    await report(gateway.mqttPort, "31.0");
    await state("lost");
    await using watcher = await subscribe(gateway.mqttPort, PROBE, "homie/5/fan/fan/on/set");
    // Due while the device is away: held. It fires on the first good value that is still above.
    await watcherQuiet(watcher, 2_500);
    await report(gateway.mqttPort, "32.0");
    await watcher.until("the held command", () => (messages(watcher).length > 0 ? true : undefined), 1_500);
  });

  test("an unknown client, a wrong password and a foreign topic are turned away", async () => {
    using folder = temporaryFolder("main");
    const accounts = "    - { username: sensor, password: sensor-password, role: device }";
    const gateway = await startGateway(house(folder.path, { accounts }).config);
    await using _process = gateway.process;
    const device = { username: "sensor", password: "sensor-password" };
    const message = { topic: "homie/5/sensor/air/temperature", payload: "1" };
    await publish(gateway.mqttPort, device, message);
    await expect(publish(gateway.mqttPort, undefined, message)).rejects.toThrow(
      /5|not authori[sz]ed|refused/i,
    );
    await expect(publish(gateway.mqttPort, { ...device, password: "wrong" }, message)).rejects.toThrow();
    await expect(
      publish(gateway.mqttPort, device, { topic: "homie/5/fan/fan/on/set", payload: "true" }),
    ).rejects.toThrow();
  });
});

/** Waits on the monotonic clock while nothing may come: the absence of an event has no event to await. */
async function watcherQuiet(watcher: Awaited<ReturnType<typeof subscribe>>, quietMs: number): Promise<void> {
  await expect(
    watcher.until("nothing", () => (messages(watcher).length > 0 ? true : undefined), quietMs),
  ).rejects.toThrow(/waited in vain/);
}
