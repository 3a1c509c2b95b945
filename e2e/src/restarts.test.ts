import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { describeDevice, mosquittoMissing, PROBE, publish } from "./mosquitto.ts";
import { freePort, house, Process, startGateway, temporaryFolder } from "./processes.ts";

const ROUNDS = 20;

describe.skipIf(mosquittoMissing())("start, stop, start again 20 times", () => {
  test("in one process: no timer, handle, listener or file descriptor is left", async () => {
    using folder = temporaryFolder("restarts");
    const { config } = house(folder.path, {
      rules: '- id: r\n  triggers: [{ time: "07:00" }]\n  actions: [{ notify: hello }]\n',
      extra: `modules: [{ id: greenhouse, use: sim }]\ncloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${await freePort()}" }]`,
    });
    const script = new URL("../fixtures/restart-rounds.js", import.meta.url).pathname;
    await using rounds = new Process(process.execPath, ["--expose-gc", script, config, String(ROUNDS)]);
    const { code } = await rounds.exited;
    expect(code, rounds.stderr.slice(-3_000)).toBe(0);
    const counts = rounds.lines().map((line) => JSON.parse(line) as Counts);
    expect(counts).toHaveLength(ROUNDS);
    // What the first round loads once (modules, a thread pool) is not a leak; from the second on nothing grows.
    const [, second] = counts;
    for (const [round, now] of counts.slice(2).entries()) {
      expect(now, `round ${round + 3} of ${JSON.stringify(counts)}`).toEqual(second);
    }
  });

  test("as processes: each stop is clean and each start finds everything again", async () => {
    using folder = temporaryFolder("restarts");
    const { config, data } = house(folder.path);
    for (let round = 1; round <= ROUNDS; round++) {
      const gateway = await startGateway(config);
      if (round === 1) {
        await describeDevice(gateway.mqttPort, PROBE, "sensor", {
          air: { temperature: { datatype: "integer" } },
        });
      }
      await publish(gateway.mqttPort, PROBE, {
        topic: "homie/5/sensor/air/temperature",
        payload: String(round),
      });
      expect((await gateway.process.end("SIGTERM")).code).toBe(0);
      expect(readdirSync(data).filter((name) => /\.(?:new|tmp|corrupt)/.test(name))).toEqual([]);
    }
  });
});

interface Counts {
  readonly resources: readonly string[];
  readonly descriptors: number;
  readonly listeners: number;
}
