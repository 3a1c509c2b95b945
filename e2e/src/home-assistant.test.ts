import { describe, expect, test } from "vitest";
import { describeDevice, EYES, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder } from "./processes.ts";

interface Entity {
  readonly platform: string;
  readonly state_topic?: string;
  readonly command_topic?: string;
  readonly payload_on?: string;
  readonly unit_of_measurement?: string;
}
interface Device {
  readonly device: { readonly name: string };
  readonly availability: readonly { readonly topic: string }[];
  readonly components: Readonly<Record<string, Entity>>;
}

const SIM = "modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]";
const FAN = "homeassistant/device/greenhouse-fan/config";
/** How mosquitto_sub prints no payload. */
const EMPTY = "(null)";
const SENSOR = "homeassistant/device/sensor/config";

describe.skipIf(mosquittoMissing())("Home Assistant discovery", () => {
  test("brings every Thing, and what it names works", async () => {
    using folder = temporaryFolder("hass");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;
    await using eyes = await subscribe(gateway.mqttPort, EYES, "#");
    const seen = (topic: string): string | undefined =>
      messages(eyes).findLast((message) => message.topic === topic)?.payload;
    const discovered = (topic: string): Promise<Device> =>
      eyes.until(topic, () => {
        const text = seen(topic);
        return text === undefined || text === EMPTY ? undefined : (JSON.parse(text) as Device);
      });

    const fan = await discovered(FAN);
    for (const { topic } of fan.availability) {
      await eyes.until(topic, () => (seen(topic) === "ready" ? true : undefined));
    }
    const on = Object.values(fan.components).find(
      ({ platform }) => platform === "switch" || platform === "fan",
    );
    const { command_topic = "", payload_on = "", state_topic = "" } = on ?? {};
    await publish(gateway.mqttPort, PROBE, { topic: command_topic, payload: payload_on });
    await eyes.until("the fan is on", () => (seen(state_topic) === payload_on ? true : undefined));

    await describeDevice(gateway.mqttPort, PROBE, "sensor", {
      air: { temperature: { datatype: "float", unit: "°C" } },
    });
    const { components } = await discovered(SENSOR);
    expect(components["air-temperature"]).toMatchObject({
      platform: "sensor",
      state_topic: "homie/5/sensor/air/temperature",
      unit_of_measurement: "°C",
    });
    await publish(gateway.mqttPort, PROBE, { topic: "homie/5/sensor/$state", payload: "", retain: true });
    await eyes.until("it is removed", () => (seen(SENSOR) === EMPTY ? true : undefined));
  });

  test("is there again after a start, and nobody else may tell it", async () => {
    using folder = temporaryFolder("hass");
    const { config } = house(folder.path);
    const first = await startGateway(config);
    await using _first = first.process;
    await describeDevice(first.mqttPort, PROBE, "sensor", { air: { temperature: { datatype: "float" } } });
    await first.process.end("SIGKILL");
    const second = await startGateway(config);
    await using _process = second.process;
    await using eyes = await subscribe(second.mqttPort, EYES, "homeassistant/#");
    await eyes.until("the device", () => messages(eyes).find(({ topic }) => topic === SENSOR));
    await expect(
      publish(second.mqttPort, EYES, { topic: "homeassistant/device/false/config", payload: "{}" }),
    ).rejects.toThrow();
  });
});
