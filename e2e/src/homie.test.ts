import { connect } from "mqtt";
import { describe, expect, test } from "vitest";
import { describeDevice, EYES, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const SIM = "modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]";

describe.skipIf(mosquittoMissing())("Homie 5", () => {
  test("Things of modules are retained children of the gateway, and take /set", async () => {
    using folder = temporaryFolder("homie");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;
    await using eyes = await subscribe(gateway.mqttPort, EYES, "homie/5/#");
    const seen = (topic: string): string | undefined =>
      messages(eyes).findLast((message) => message.topic === topic)?.payload;

    const root = await eyes.until("all children", () => {
      const text = seen("homie/5/house/$description");
      const description = text === undefined ? undefined : (JSON.parse(text) as { children: string[] });
      return description?.children.includes("greenhouse-fan") ? description : undefined;
    });
    for (const child of root.children) {
      await eyes.until(child, () => seen(`homie/5/${child}/$state`));
      const description = JSON.parse(seen(`homie/5/${child}/$description`) ?? "{}") as {
        homie: string;
        parent: string;
      };
      expect(description).toMatchObject({ homie: "5.0", parent: "house" });
    }
    await eyes.until("a value", () => seen("homie/5/greenhouse-climate/air/temperature"));
    await eyes.until("ready", () => (seen("homie/5/house/$state") === "ready" ? true : undefined));

    await publish(gateway.mqttPort, PROBE, { topic: "homie/5/greenhouse-fan/fan/on/set", payload: "true" });
    await eyes.until("the fan", () => (seen("homie/5/greenhouse-fan/fan/on") === "true" ? true : undefined));

    // Refused: a retained command, a value that is none, a client that speaks for a module's Thing.
    await publish(gateway.mqttPort, PROBE, {
      topic: "homie/5/greenhouse-fan/fan/on/set",
      payload: "false",
      retain: true,
    });
    await publish(gateway.mqttPort, PROBE, {
      topic: "homie/5/greenhouse-fan/fan/speed/set",
      payload: "many",
    });
    await publish(gateway.mqttPort, PROBE, {
      topic: "homie/5/greenhouse-fan/fan/on",
      payload: "false",
      retain: true,
    });
    await publish(gateway.mqttPort, PROBE, { topic: "homie/5/greenhouse-fan/fan/speed/set", payload: "40" });
    await eyes.until("the speed", () =>
      seen("homie/5/greenhouse-fan/fan/speed") === "40" ? true : undefined,
    );
    expect(seen("homie/5/greenhouse-fan/fan/on")).toBe("true");
    expect(seen("homie/5/greenhouse-fan/fan/on/set")).toBe("true");
    await expect(
      publish(gateway.mqttPort, EYES, { topic: "homie/5/greenhouse-fan/fan/on/set", payload: "false" }),
    ).rejects.toThrow();

    const stopping = gateway.process.end("SIGTERM");
    await eyes.until("the goodbye", () =>
      seen("homie/5/house/$state") === "disconnected" ? true : undefined,
    );
    expect((await stopping).code).toBe(0);
  });

  test("what a device sends wrong is shown on its Thing and disturbs nobody", async () => {
    using folder = temporaryFolder("homie");
    const { config, data } = house(folder.path);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const environment = { TRAM_DATA: data };
    const topic = "homie/5/sensor/air/temperature";
    await describeDevice(gateway.mqttPort, PROBE, "sensor", {
      air: { temperature: { datatype: "float", format: "-40:80", unit: "°C" } },
    });
    await publish(gateway.mqttPort, PROBE, { topic, payload: "21.5" });
    await publish(gateway.mqttPort, PROBE, { topic, payload: "999" });
    const bad = JSON.parse((await tram(["get", "sensor", "temperature", "--json"], environment)).stdout);
    expect(bad).toMatchObject({ value: 21.5, quality: "bad", problem: "expected at most 80, found 999" });

    const describe = (payload: string): Promise<void> =>
      publish(gateway.mqttPort, PROBE, { topic: "homie/5/sensor/$description", payload, retain: true });
    const problem = async (): Promise<string> =>
      JSON.parse((await tram(["things", "sensor", "--json"], environment)).stdout).problem;
    await describe('{"homie":"4.0","version":2,"nodes":{}}');
    expect(await problem()).toBe('$description: homie: expected "5.x", found "4.0"');
    const temperature = '"temperature":{"datatype":"float","unit":"°C"}';
    await describe(
      `{"homie":"5.0","version":3,"nodes":{"air":{"properties":{${temperature},"humidity":{"datatype":"flot"}}}}}`,
    );
    expect(await problem()).toMatch(
      /^\$description: nodes\.air\.properties\.humidity\.datatype: expected integer, float/,
    );
    await publish(gateway.mqttPort, PROBE, { topic, payload: "22" });
    expect((await tram(["get", "sensor", "temperature"], environment)).stdout).toBe("22 °C\n");

    await publish(gateway.mqttPort, PROBE, { topic: "homie/5/sensor/$state", payload: "", retain: true });
    expect((await tram(["things", "sensor"], environment)).code).toBe(1);
  });

  test("a device that drops is lost by its will; one that the gateway's stop disconnects is not", async () => {
    using folder = temporaryFolder("homie");
    const { config, data } = house(folder.path);
    const environment = { TRAM_DATA: data };
    const first = await startGateway(config);
    const will = {
      topic: "homie/5/sensor/$state",
      payload: Buffer.from("lost"),
      qos: 1,
      retain: true,
    } as const;
    const join = async (port: number): Promise<ReturnType<typeof connect>> => {
      const device = connect({ host: "127.0.0.1", port, ...PROBE, reconnectPeriod: 0, will });
      device.on("error", () => undefined);
      await new Promise((resolve) => device.once("connect", resolve));
      return device;
    };
    const device = await join(first.mqttPort);
    await describeDevice(first.mqttPort, PROBE, "sensor", { air: { temperature: { datatype: "float" } } });
    const gone = new Promise<void>((resolve) => device.once("close", () => resolve()));
    expect((await first.process.end("SIGTERM")).code).toBe(0);
    await gone;

    const second = await startGateway(config);
    await using _process = second.process;
    await using eyes = await subscribe(second.mqttPort, EYES, "homie/5/sensor/$state");
    await eyes.until("the retained state", () => (messages(eyes).length > 0 ? true : undefined));
    expect(messages(eyes)[0]?.payload).toBe("ready");

    const again = await join(second.mqttPort);
    again.stream.destroy();
    await eyes.until("the will", () => (messages(eyes).at(-1)?.payload === "lost" ? true : undefined));
    const thing = JSON.parse((await tram(["things", "sensor", "--json"], environment)).stdout);
    expect(thing.availability).toBe("lost");
  });
});
