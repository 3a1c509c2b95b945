import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeDevice, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const RULES = `
- id: late
  triggers:
    - { numeric: { property: sensor/air/temperature, above: 30 } }
  actions:
    - { delay: 5s }
    - { set: fan/fan/on, value: true }
`;

describe.skipIf(mosquittoMissing())("kill -9", () => {
  test("during a rule's 5 s delay: the action still happens, once, at the right time", async () => {
    using folder = temporaryFolder("crash");
    // The actuator comes back to the same port by itself, as devices do.
    const mqttPort = await freePort();
    const { config, data } = house(folder.path, { rules: RULES, mqttPort });
    const first = await startGateway(config);
    await describeDevice(mqttPort, PROBE, "sensor", { air: { temperature: { datatype: "float" } } });
    await describeDevice(mqttPort, PROBE, "fan", { fan: { on: { datatype: "boolean", settable: true } } });
    const firedAt = performance.now();
    await publish(mqttPort, PROBE, { topic: "homie/5/sensor/air/temperature", payload: "31", retain: true });
    await first.process.end("SIGKILL");

    const second = await startGateway(config);
    await using _process = second.process;
    await using actuator = await subscribe(mqttPort, PROBE, "homie/5/fan/fan/on/set");
    expect(performance.now() - firedAt).toBeLessThan(4_500); // Else the test proves nothing about the time.
    await actuator.until("the action", () => (messages(actuator).length > 0 ? true : undefined), 10_000);
    const waited = performance.now() - firedAt;
    expect(waited).toBeGreaterThan(4_900);
    expect(waited).toBeLessThan(6_000);

    // Once: after another restart nothing is left to do.
    await publish(mqttPort, PROBE, { topic: "homie/5/fan/fan/on", payload: "true", retain: true });
    expect(messages(actuator)).toHaveLength(1);
    const traces = await tram(["rules", "trace", "late", "--json"], { TRAM_DATA: data });
    const outcomes = (JSON.parse(traces.stdout) as { traces: { outcome: string }[] }).traces.map(
      ({ outcome }) => outcome,
    );
    expect(outcomes).toContain("finished");
    expect(outcomes.filter((outcome) => outcome === "fired")).toHaveLength(0);
  });

  test("right after an acknowledgement: the value, the retained message and the Thing are there again", async () => {
    using folder = temporaryFolder("crash");
    const { config, data } = house(folder.path);
    for (let round = 1; round <= 5; round++) {
      const gateway = await startGateway(config);
      if (round === 1) {
        await describeDevice(gateway.mqttPort, PROBE, "sensor", {
          air: { temperature: { datatype: "integer" } },
        });
      } else {
        const known = await tram(["get", "sensor", "temperature", "--json"], { TRAM_DATA: data });
        expect(JSON.parse(known.stdout)).toMatchObject({ value: round - 1, quality: "stale" });
        await using eyes = await subscribe(gateway.mqttPort, PROBE, "homie/5/sensor/air/temperature");
        await eyes.until("the retained value", () => (messages(eyes).length > 0 ? true : undefined));
        expect(messages(eyes)[0]?.payload).toBe(String(round - 1));
      }
      await publish(gateway.mqttPort, PROBE, {
        topic: "homie/5/sensor/air/temperature",
        payload: String(round),
        retain: true,
      });
      await gateway.process.end("SIGKILL");
    }
  });

  test("with a runtime folder that was missing: it is made, and what is in its journal alone is there again", async () => {
    using folder = temporaryFolder("crash");
    const { config, data } = house(folder.path);
    const environment = { TRAM_RUNTIME: join(folder.path, "run/tram") };
    const first = await startGateway(config, environment);
    await describeDevice(first.mqttPort, PROBE, "sensor", { air: { temperature: { datatype: "integer" } } });
    const topic = "homie/5/sensor/air/temperature";
    await publish(first.mqttPort, PROBE, { topic, payload: "7", retain: true });
    await first.process.end("SIGKILL");
    expect(`${first.process.stdout}${first.process.stderr}`).not.toMatch(/journal|cannot be made/);
    expect(readdirSync(environment.TRAM_RUNTIME).join(" ")).toMatch(/store-[0-9a-f]+\.journal/);
    expect(statSync(environment.TRAM_RUNTIME).mode & 0o777).toBe(0o700);

    const second = await startGateway(config, environment);
    await using _process = second.process;
    const known = await tram(["get", "sensor", "temperature", "--json"], { TRAM_DATA: data });
    expect(JSON.parse(known.stdout)).toMatchObject({ value: 7 });
  });

  test("a command that was accepted and not confirmed is sent again after the restart", async () => {
    using folder = temporaryFolder("crash");
    const mqttPort = await freePort();
    const { config, data } = house(folder.path, { mqttPort });
    const first = await startGateway(config);
    await describeDevice(mqttPort, PROBE, "fan", { fan: { on: { datatype: "boolean", settable: true } } });
    const accepted = await tram(["set", "fan", "on", "true"], { TRAM_DATA: data });
    expect(accepted.code).toBe(0);
    await first.process.end("SIGKILL");

    const second = await startGateway(config);
    await using _process = second.process;
    await using actuator = await subscribe(mqttPort, PROBE, "homie/5/fan/fan/on/set");
    await publish(mqttPort, PROBE, { topic: "homie/5/fan/$state", payload: "ready", retain: true });
    await actuator.until(
      "the command again",
      () => (messages(actuator).length > 0 ? true : undefined),
      10_000,
    );
    expect(messages(actuator)[0]?.payload).toBe("true");
  });
});
