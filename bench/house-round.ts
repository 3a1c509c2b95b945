import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BoxLimits, ROUTER_LIMITS, RouterBox } from "../testkit/src/router-box.ts";
import { Child, freePort } from "./child-processes.ts";
import { MqttClient } from "./mqtt-client.ts";
import { cpuMs, memory } from "./process-usage.ts";
import { percentile } from "./statistics.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const ACCOUNTS = 100;
const THINGS_OF_AN_ACCOUNT = 10;
export const HOUSE_PROPERTIES = 10;
/** The memory of a small router, and all of the processor: so many readings take more than a fifth of one core. */
const HOUSE_BOX: BoxLimits = { ...ROUTER_LIMITS, cpuShare: availableParallelism() };
const PASSWORD = "bench-password";
const TICK_MS = 1;
const SETTLE_MS = 2_000;

/** A house as large as one router may have. */
interface HousePlan {
  /** The bundled program. */
  readonly program: string;
  /** Options of Node, to try them. */
  readonly flags: readonly string[];
  readonly seconds: number;
  readonly perSecond: number;
  /** A control group that the gateway runs in. */
  readonly box?: RouterBox | undefined;
}

/** One round of it. */
export interface HouseRound {
  /** What a reading waits for the event loop, when it is on the bus: 99 % of them wait no longer. To 1 ms. */
  readonly busP99Ms: number;
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
async function runHouseRound({ box, flags, perSecond, program, seconds }: HousePlan): Promise<HouseRound> {
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
  // The shell becomes the program: one process, with one pid.
  const intoBox = box === undefined ? [] : ["sh", "-c", `${box.enter} && exec "$@"`, "sh"];
  const waits = join(folder.path, "waits.json");
  const watch = ["--require", new URL("loop-waits.cjs", import.meta.url).pathname];
  const run = [program, "run", "--config", join(folder.path, "tram.yaml"), "--json"];
  const [command = "", ...args] = [...intoBox, process.execPath, ...watch, ...flags, ...run];
  const gateway = new Child(command, args, { env: { TRAM_LOOP_WAITS: waits } });
  await gateway.says(/^\{"web".*\}$/m);
  const delays: number[] = [];
  const devices: Device[] = [];
  for (const account of accounts) devices.push(await enter(port, account, (ms) => delays.push(ms)));
  await send(devices, perSecond, SETTLE_MS);
  // Without a pause: the house reports all day long. What is still on its way does not count.
  for (const { sentAt } of devices) sentAt.clear();
  delays.length = 0;
  process.kill(gateway.pid, "SIGUSR2");
  const cpuBefore = cpuMs([gateway.pid]);
  const sent = await send(devices, perSecond, seconds * 1_000);
  const used = cpuMs([gateway.pid]) - cpuBefore;
  await sleep(SETTLE_MS);
  const { peakRss } = memory([gateway.pid]);
  for (const { client } of devices) client.end();
  await gateway.end();
  const { p99Ms: busP99Ms } = JSON.parse(readFileSync(waits, "utf8")) as { readonly p99Ms: number };
  return {
    busP99Ms,
    p50Ms: percentile(delays, 0.5),
    p99Ms: percentile(delays, 0.99),
    cpuPerThousandMs: (used * 1_000) / sent,
    rssBytes: peakRss,
    acknowledged: delays.length,
    sent,
  };
}

/** Rounds on this machine, and rounds with a router's memory. */
export interface HouseRounds {
  readonly here: readonly HouseRound[];
  /** Or why there are none. */
  readonly boxed: readonly HouseRound[] | string;
}

/** Runs as many rounds here as with a router's memory. @param tell is told of each. */
export async function runHouseRounds(
  rounds: number,
  plan: Omit<HousePlan, "box">,
  tell: (line: string) => void,
): Promise<HouseRounds> {
  const times = async (where: string, box?: RouterBox): Promise<HouseRound[]> => {
    const done: HouseRound[] = [];
    for (let number = 1; number <= rounds; number++) {
      const round = await runHouseRound({ ...plan, box });
      done.push(round);
      tell(`full house, ${where}, ${number}/${rounds}: ${inWords(round)}`);
    }
    return done;
  };
  const here = await times("here");
  const box = RouterBox.open(HOUSE_BOX);
  if (typeof box === "string") return { here, boxed: box };
  using _closed = box;
  return { here, boxed: await times("in a router's memory", box) };
}

function inWords({
  acknowledged,
  busP99Ms,
  cpuPerThousandMs,
  p50Ms,
  p99Ms,
  rssBytes,
  sent,
}: HouseRound): string {
  return (
    `to the bus p99 ${busP99Ms} ms, acknowledged p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ${cpuPerThousandMs.toFixed(0)} ms of CPU for 1,000, ` +
    `peak ${(rssBytes / 1e6).toFixed(0)} MB, ${acknowledged} of ${sent} acknowledged`
  );
}
