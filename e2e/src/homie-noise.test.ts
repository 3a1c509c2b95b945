import { connect, type MqttClient } from "mqtt";
import { expect, test } from "vitest";
import { PROBE } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder } from "./processes.ts";

const ROUNDS = 20;
const MESSAGES = 40;
/** Descriptions that come between two messages of the other device: thousands in a second. */
const NOISE = 8;

async function open(port: number): Promise<MqttClient> {
  const client = connect({ host: "127.0.0.1", port, ...PROBE, reconnectPeriod: 0 });
  await new Promise((resolve) => client.once("connect", resolve));
  return client;
}

function described(id: string, name: string): [string, string] {
  const properties = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`p${index}`, { name: `Property ${index}`, datatype: "float" }]),
  );
  const description = { homie: "5.0", version: 1, name, nodes: { air: { properties } } };
  return [`homie/5/${id}/$description`, JSON.stringify(description)];
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

test("a device that describes itself anew all the time does not hold up another", async () => {
  using folder = temporaryFolder("homie");
  const gateway = await startGateway(house(folder.path).config);
  await using _process = gateway.process;
  const noisy = await open(gateway.mqttPort);
  const other = await open(gateway.mqttPort);
  await other.publishAsync(...described("other", "Other"), { qos: 1, retain: true });
  const times = { quiet: [] as number[], noisy: [] as number[] };
  let names = 0;
  // In turn, so that whatever else the machine does falls on both.
  for (let round = 0; round < ROUNDS; round++) {
    const kind = round % 2 === 0 ? "quiet" : "noisy";
    for (let index = 0; index < MESSAGES; index++) {
      for (let each = 0; kind === "noisy" && each < NOISE; each++) {
        noisy.publish(...described("noisy", `Name ${++names}`), { qos: 0, retain: true });
      }
      const start = performance.now();
      // Acknowledged once it is kept.
      await other.publishAsync("homie/5/other/air/p0", String(round * MESSAGES + index), {
        qos: 1,
        retain: true,
      });
      times[kind].push(performance.now() - start);
    }
  }
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  const ratio = (part: number): number => quantile(times.noisy, part) / quantile(times.quiet, part);
  const told = [0.5, 0.9, 0.99].map(
    (part) =>
      `p${part * 100} ${quantile(times.quiet, part).toFixed(1)} → ${quantile(times.noisy, part).toFixed(1)} ms`,
  );
  console.log(`beside ${names} descriptions: ${told.join(", ")}`);
  // Read each time they would make it three to eight; how many are read is counted in `homie-in.test.ts`.
  expect(ratio(0.5)).toBeLessThan(4);
  await noisy.endAsync();
  await other.endAsync();
});
