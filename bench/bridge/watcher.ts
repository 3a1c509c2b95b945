import { createInterface } from "node:readline";
import mqtt from "mqtt";
import { percentile } from "../statistics.ts";

/**
 * Hears what reaches the cloud, in a process of its own: `watcher.ts <port> <filter>...`. On a line `report <n>` it says
 * what it heard, by topic of the third level's first word: how many, how often one came again, and how old they were when
 * they came.
 */
const [port = "", ...filters] = process.argv.slice(2);
const heard = new Map<string, { count: number; twice: number; readonly ages: number[] }>();
const ids = new Set<string>();
let [first, last] = [0, 0];

const client = await mqtt.connectAsync({ host: "127.0.0.1", port: Number(port), keepalive: 0 });
client.on("message", (topic, payload) => {
  const now = Date.now();
  last = now;
  if (first === 0) first = now;
  const { id, time } = JSON.parse(payload.toString());
  const kind = /^[^/]+\/[^/]+\/([a-z]+)/.exec(topic)?.[1] ?? "";
  const group = heard.get(kind) ?? { count: 0, twice: 0, ages: [] };
  heard.set(kind, group);
  group.count++;
  if (ids.has(id)) group.twice++;
  else ids.add(id);
  group.ages.push(now - Date.parse(time));
});
await client.subscribeAsync(filters, { qos: 1 });
console.log("listening");

for await (const line of createInterface({ input: process.stdin })) {
  const groups = [...heard].map(([kind, { count, twice, ages }]) => [
    kind,
    {
      count,
      twice,
      p50: percentile(ages, 0.5),
      p99: percentile(ages, 0.99),
      max: Math.max(...ages.slice(-100_000)),
    },
  ]);
  console.log(`${line} ${JSON.stringify({ first, last, ...Object.fromEntries(groups) })}`);
}
