import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child, freePort } from "./child-processes.ts";
import { MqttClient } from "./mqtt-client.ts";
import { cpuMs, memory } from "./process-usage.ts";
import { percentile } from "./statistics.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const ACCOUNTS = 100;
const THINGS_OF_AN_ACCOUNT = 10;
export const HOUSE_PROPERTIES = 10;
const PASSWORD = "bench-password";
const TICK_MS = 1;
const SETTLE_MS = 2_000;

/** A house as large as one router may have. */
export interface HousePlan {
  /** The bundled program. */
  readonly program: string;
  /** Options of Node, to try them. */
  readonly flags: readonly string[];
  readonly seconds: number;
  readonly perSecond: number;
}

/** One round of it. */
export interface HouseRound {
  /** From the writing of a reading until it is acknowledged: it has been through the house, and its unit is kept. */
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
const properties = Array.from({ length: HOUSE_PROPERTIES }, (_, index) => `value-${index}`);

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

async function send(devices: readonly Device[], perSecond: number, durationMs: number): Promise<number> {
  const startedAt = performance.now();
  const total = Math.round((durationMs * perSecond) / 1_000);
  for (let sent = 0; sent < total; ) {
    await sleep(TICK_MS);
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000));
    for (; sent < due; sent++) {
      const device = devices[sent % devices.length];
      const thing = device?.things[Math.floor(sent / devices.length) % THINGS_OF_AN_ACCOUNT];
      const property =
        properties[Math.floor(sent / (devices.length * THINGS_OF_AN_ACCOUNT)) % HOUSE_PROPERTIES];
      const value = (20 + (sent % 97) / 10).toFixed(1);
      const id = device?.client.publish(`homie/5/${thing}/air/${property}`, value, { retain: true });
      if (id !== undefined) device?.sentAt.set(id, performance.now());
    }
  }
  return total;
}

/** Starts a gateway, lets 1,000 Things with 10 properties each describe themselves, then report so often. */
export async function runHouseRound({ flags, perSecond, program, seconds }: HousePlan): Promise<HouseRound> {
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
    ...flags,
    program,
    "run",
    "--config",
    join(folder.path, "tram.yaml"),
    "--json",
  ]);
  await gateway.says(/^\{"web".*\}$/m);
  const delays: number[] = [];
  const devices: Device[] = [];
  for (const account of accounts) devices.push(await enter(port, account, (ms) => delays.push(ms)));
  await send(devices, perSecond, SETTLE_MS);
  // Without a pause: the house reports all day long. What is still on its way does not count.
  for (const { sentAt } of devices) sentAt.clear();
  delays.length = 0;
  const cpuBefore = cpuMs([gateway.pid]);
  const sent = await send(devices, perSecond, seconds * 1_000);
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
