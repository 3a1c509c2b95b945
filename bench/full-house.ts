import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BUNDLED_TRAM, bundleDaemon } from "../scripts/bundle.ts";
import { Child, endAll, freePort } from "./child-processes.ts";
import { describeMachine } from "./machine.ts";
import { MqttClient } from "./mqtt-client.ts";
import { cpuMs, memory } from "./process-usage.ts";
import { median, percentile } from "./statistics.ts";
import { removeTemporaryFolders, temporaryFolder } from "./temporary-folder.ts";

/**
 * A house as large as one router may have: 1,000 Things with 10 properties each report 5,000 times a second. How long
 * until a reading has been through the house (it is acknowledged when its unit is kept), what that costs, and how much
 * memory it takes. `node bench/full-house.ts`, after `make build`. Environment: `ROUNDS` (default 3), `SECONDS` of each
 * (default 10), `PER_SECOND` (default 5,000).
 */
const ACCOUNTS = 100;
const THINGS_OF_AN_ACCOUNT = 10;
const PROPERTIES = 10;
const PASSWORD = "bench-password";
const TICK_MS = 1;
const SETTLE_MS = 2_000;
const TARGETS = { p99Ms: 20, rssBytes: 150_000_000 } as const;

const rounds = count("ROUNDS", 3);
const seconds = count("SECONDS", 10);
const perSecond = count("PER_SECOND", 5_000);

// Whatever ends the benchmark, nothing of it stays.
process.on("exit", () => {
  endAll();
  removeTemporaryFolders();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

function count(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`${name}: expected a whole number above 0, found ${process.env[name]}`);
  process.exit(2);
}

interface Result {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuPerThousandMs: number;
  readonly rssBytes: number;
  readonly acknowledged: number;
  readonly sent: number;
}

interface Device {
  readonly client: MqttClient;
  readonly things: readonly string[];
  readonly sentAt: Map<number, number>;
}

const accounts = Array.from({ length: ACCOUNTS }, (_, index) => `dev-${String(index).padStart(2, "0")}`);
const properties = Array.from({ length: PROPERTIES }, (_, index) => `value-${index}`);

function describeThing(thing: string): string {
  const affordances = properties.map((name) => [name, { name, datatype: "float", unit: "°C" }]);
  const nodes = { air: { name: "Air", properties: Object.fromEntries(affordances) } };
  return JSON.stringify({ homie: "5.0", version: 1, name: thing, nodes });
}

async function enter(port: number, account: string, onDelay: (ms: number) => void): Promise<Device> {
  const sentAt = new Map<number, number>();
  const client = await MqttClient.connect({
    port,
    clientId: account,
    username: account,
    password: PASSWORD,
    onAcknowledged: (id) => {
      const sent = sentAt.get(id);
      sentAt.delete(id);
      if (sent !== undefined) onDelay(performance.now() - sent);
    },
    onLost: (reason) => {
      throw new Error(`${account}: ${reason}`);
    },
  });
  const things = Array.from({ length: THINGS_OF_AN_ACCOUNT }, (_, index) => `${account}-${index}`);
  for (const thing of things) {
    const topic = `homie/5/${thing}`;
    await client.publishAcknowledged(`${topic}/$state`, "init", { retain: true });
    await client.publishAcknowledged(`${topic}/$description`, describeThing(thing), { retain: true });
    await client.publishAcknowledged(`${topic}/$state`, "ready", { retain: true });
  }
  return { client, things, sentAt };
}

async function send(devices: readonly Device[], durationMs: number): Promise<number> {
  const startedAt = performance.now();
  const total = Math.round((durationMs * perSecond) / 1_000);
  for (let sent = 0; sent < total; ) {
    await sleep(TICK_MS);
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000));
    for (; sent < due; sent++) {
      const device = devices[sent % devices.length];
      const thing = device?.things[Math.floor(sent / devices.length) % THINGS_OF_AN_ACCOUNT];
      const property = properties[Math.floor(sent / (devices.length * THINGS_OF_AN_ACCOUNT)) % PROPERTIES];
      const value = (20 + (sent % 97) / 10).toFixed(1);
      const id = device?.client.publish(`homie/5/${thing}/air/${property}`, value, { retain: true });
      if (id !== undefined) device?.sentAt.set(id, performance.now());
    }
  }
  return total;
}

async function runRound(): Promise<Result> {
  using folder = temporaryFolder("full-house");
  const port = await freePort();
  mkdirSync(join(folder.path, "rules"));
  const clients = accounts.map(
    (name) => `    - { username: ${name}, password: ${PASSWORD}, role: device }\n`,
  );
  writeFileSync(
    join(folder.path, "tram.yaml"),
    `gateway: { id: bench, clock: trusted, timezone: UTC }
data: data
mqtt:
  host: 127.0.0.1
  port: ${port}
  clients:
${clients.join("")}http: { host: 127.0.0.1, port: 0 }
rules: { dir: rules }
log: { level: warn }
`,
  );
  const gateway = new Child(process.execPath, [
    BUNDLED_TRAM,
    "run",
    "--config",
    join(folder.path, "tram.yaml"),
    "--json",
  ]);
  await gateway.says(/^\{"web".*\}$/m);
  const delays: number[] = [];
  const devices: Device[] = [];
  for (const account of accounts) devices.push(await enter(port, account, (ms) => delays.push(ms)));
  await send(devices, SETTLE_MS);
  await sleep(SETTLE_MS);
  delays.length = 0;
  const cpuBefore = cpuMs([gateway.pid]);
  const sent = await send(devices, seconds * 1_000);
  const used = cpuMs([gateway.pid]) - cpuBefore;
  await sleep(SETTLE_MS);
  const { peakRss } = memory([gateway.pid]);
  for (const { client } of devices) client.end();
  await gateway.end();
  return {
    p50Ms: percentile(delays, 0.5),
    p99Ms: percentile(delays, 0.99),
    cpuPerThousandMs: (used * 1_000) / sent,
    rssBytes: peakRss,
    acknowledged: delays.length,
    sent,
  };
}

await bundleDaemon();
const results: Result[] = [];
for (let number = 1; number <= rounds; number++) {
  const result = await runRound();
  results.push(result);
  console.log(
    `round ${number}/${rounds}  p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms, ` +
      `${result.cpuPerThousandMs.toFixed(0)} ms of CPU for 1,000, peak ${(result.rssBytes / 1e6).toFixed(0)} MB, ` +
      `${result.acknowledged} of ${result.sent} acknowledged`,
  );
}
const of = (pick: (result: Result) => number): number => median(results.map(pick));
const verdict = (met: boolean): string => (met ? "met" : "missed");
const p99Ms = of((result) => result.p99Ms);
const rssBytes = of((result) => result.rssBytes);
console.log(`\n${describeMachine()}`);
console.log(`1,000 Things x ${PROPERTIES} properties, ${perSecond} readings/s, medians of ${rounds}:`);
console.log(
  `p99 until it is kept: ${p99Ms.toFixed(2)} ms | <= ${TARGETS.p99Ms} ${verdict(p99Ms <= TARGETS.p99Ms)}`,
);
console.log(
  `peak RSS: ${(rssBytes / 1e6).toFixed(0)} MB | <= ${TARGETS.rssBytes / 1e6} ${verdict(rssBytes <= TARGETS.rssBytes)}`,
);
process.exit(0);
