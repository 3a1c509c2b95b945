import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child, freePort } from "../child-processes.ts";
import { MqttClient } from "../mqtt-client.ts";
import { cpuMs, memory } from "../process-usage.ts";
import { median, percentile } from "../statistics.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Readings and what came of them, while the cloud behaved one way. */
export interface Spell {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly missed: number;
  /** Of one core. */
  readonly cpuShare: number;
  /** Bytes that the gateway has read each second, from sockets and files. */
  readonly readPerS: number;
}

export interface HostileResult {
  readonly rounds: number;
  readonly readings: number;
  readonly quiet: Spell;
  readonly flooded: Spell;
  /** How much later p99 is during the flood; the median over rounds. In milliseconds. */
  readonly later: number;
  /** What the cloud has really said. */
  readonly deltasPerS: number;
  /** Rounds at whose end the bridge was not connected any more. */
  readonly lost: number;
  readonly peakRss: number;
}

const TRAM = resolve(import.meta.dirname, "../../gateway/daemon/bin/tram.js");
export const DELTAS_PER_S = 10_000;
const READINGS_PER_S = 50;
const WARM_UP = 100;
/** They report in turn, each once a second: of one valve a later command takes the place of one that is not sent yet. */
const CHANNELS = Array.from({ length: READINGS_PER_S }, (_, index) => `v${index}`);
/** What was under way when the last reading was told. In milliseconds. */
const SETTLE_MS = 2_000;
const ACCOUNT = { username: "bench", password: "bench-password" };

/** Reading, rule and command on the local broker, with a quiet cloud and with one that floods the bridge, in turn. */
export async function hostile(rounds: number, readings: number): Promise<HostileResult> {
  using folder = temporaryFolder("bench-hostile");
  const program = join(import.meta.dirname, "hostile-cloud.ts");
  const cloud = new Child(
    process.execPath,
    ["--conditions=source", program, folder.path, String(DELTAS_PER_S)],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  await cloud.says(/^port \d+\n/m);
  const port = await freePort();
  const config = join(folder.path, "tram.yaml");
  writeFileSync(config, configOf(folder.path, port, Number(/^port (\d+)$/m.exec(cloud.output)?.[1])));
  mkdirSync(join(folder.path, "rules"));
  writeFileSync(join(folder.path, "rules/rules.yaml"), RULES);
  const gateway = new Child(process.execPath, [TRAM, "run", "--config", config, "--json"]);
  try {
    await gateway.says(/^\{"web".*\}$/m);
    const house = await House.open(port);
    await house.spell(WARM_UP, gateway.pid);
    const [quiet, flooded]: [Spell[], Spell[]] = [[], []];
    const rates: number[] = [];
    let lost = 0;
    for (let round = 1; round <= rounds; round++) {
      quiet.push(await house.spell(readings, gateway.pid));
      cloud.process.stdin?.write("flood\n");
      await cloud.says(new RegExp(`(?:flooding[^]*){${round}}`));
      flooded.push(await house.spell(readings, gateway.pid));
      cloud.process.stdin?.write("quiet\n");
      const end = new RegExp(`(?:quiet (\\d+) (\\w+)\\n[^]*){${round}}$`);
      await cloud.says(end);
      const [, rate, how] = end.exec(cloud.output) ?? [];
      rates.push(Number(rate));
      if (how === "lost") lost++;
    }
    house.end();
    return {
      rounds,
      readings,
      quiet: middle(quiet),
      flooded: middle(flooded),
      later: median(flooded.map(({ p99 }, round) => p99 - (quiet[round]?.p99 ?? 0))),
      deltasPerS: Math.min(...rates),
      lost,
      peakRss: memory([gateway.pid]).peakRss,
    };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${gateway.output}\n${cloud.output}`, { cause: error });
  } finally {
    await gateway.end();
    await cloud.end();
  }
}

/** A meter that reports, and a valve and a siren that say what they were set to. */
class House {
  readonly #client: MqttClient;
  readonly #toldAt = new Map<number, number>();
  #took: number[] = [];
  #litres = 0;

  static async open(port: number): Promise<House> {
    let onSet: (topic: string, payload: string) => void = () => undefined;
    const client = await MqttClient.connect({
      port,
      clientId: "bench",
      ...ACCOUNT,
      onMessage: (topic, payload) => onSet(topic, payload),
      onLost: (reason) => {
        throw new Error(reason);
      },
    });
    const house = new House(client);
    onSet = (topic, payload) => house.#onSet(topic, payload);
    const whole = { datatype: "integer", settable: true };
    const all = (terms: object): Record<string, object> =>
      Object.fromEntries(CHANNELS.map((channel) => [channel, terms]));
    await house.#describe("meter", "litres", all({ datatype: "integer" }));
    await house.#describe("valve", "opening", all(whole));
    await house.#describe("siren", "tone", { pitch: whole });
    await client.subscribe("homie/5/valve/+/+/set");
    await client.subscribe("homie/5/siren/+/+/set");
    // Of what a rule did not know before it is no change.
    for (const channel of CHANNELS) await client.publishAcknowledged(meter(channel), "0", { retain: true });
    await client.publishAcknowledged("homie/5/siren/tone/pitch", "0", { retain: true });
    return house;
  }

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  /** Tells readings at their pace, and takes the time until their commands are here. */
  async spell(readings: number, pid: number): Promise<Spell> {
    this.#took = [];
    const [startedAt, cpu, read] = [performance.now(), cpuMs([pid]), readBy(pid)];
    for (let told = 0; told < readings; told++) {
      const due = startedAt + (told * 1_000) / READINGS_PER_S;
      await sleep(Math.max(0, due - performance.now()));
      const litres = ++this.#litres;
      this.#toldAt.set(litres, performance.now());
      this.#client.publish(meter(CHANNELS[litres % CHANNELS.length]), String(litres), { retain: true });
    }
    const [endedAt, used, bytes] = [performance.now(), cpuMs([pid]) - cpu, readBy(pid) - read];
    const until = endedAt + SETTLE_MS;
    while (this.#toldAt.size > 0 && performance.now() < until) await sleep(5);
    const missed = this.#toldAt.size;
    this.#toldAt.clear();
    const took = this.#took;
    return {
      p50: percentile(took, 0.5),
      p99: percentile(took, 0.99),
      max: Math.max(...took),
      missed,
      cpuShare: used / (endedAt - startedAt),
      readPerS: (1_000 * bytes) / (endedAt - startedAt),
    };
  }

  end(): void {
    this.#client.end();
  }

  #onSet(topic: string, payload: string): void {
    const toldAt = topic.startsWith("homie/5/valve/") ? this.#toldAt.get(Number(payload)) : undefined;
    if (toldAt !== undefined) {
      this.#took.push(performance.now() - toldAt);
      this.#toldAt.delete(Number(payload));
    }
    this.#client.publish(topic.slice(0, -"/set".length), payload, { retain: true });
  }

  async #describe(id: string, node: string, properties: Record<string, object>): Promise<void> {
    const named = Object.entries(properties).map(([name, each]) => [name, { name, ...each }]);
    const nodes = { [node]: { name: node, properties: Object.fromEntries(named) } };
    const description = JSON.stringify({ homie: "5.0", version: 1, name: id, nodes });
    const say = (attribute: string, value: string): Promise<void> =>
      this.#client.publishAcknowledged(`homie/5/${id}/${attribute}`, value, { retain: true });
    await say("$state", "init");
    await say("$description", description);
    await say("$state", "ready");
  }
}

/** Of several spells the middle one in each respect; the longest and what was missed of all. */
function middle(spells: readonly Spell[]): Spell {
  const of = (what: keyof Spell): number => median(spells.map((spell) => spell[what]));
  return {
    p50: of("p50"),
    p99: of("p99"),
    max: Math.max(...spells.map(({ max }) => max)),
    missed: spells.reduce((sum, { missed }) => sum + missed, 0),
    cpuShare: of("cpuShare"),
    readPerS: of("readPerS"),
  };
}

const RULES = CHANNELS.map(
  (channel) => `
- id: follow-${channel}
  triggers: [{ state: { property: meter/litres/${channel} } }]
  actions: [{ set: valve/opening/${channel}, value: "\${trigger.value}" }]
`,
).join("");

/** Bytes that a process has read so far, by the kernel's count. */
function readBy(pid: number): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

function meter(channel = ""): string {
  return `homie/5/meter/litres/${channel}`;
}

function configOf(folder: string, port: number, cloudPort: number): string {
  const file = (name: string): string => join(folder, name);
  return `gateway: { id: gw, clock: trusted, timezone: UTC }
data: data
mqtt:
  host: 127.0.0.1
  port: ${port}
  clients:
    - { username: ${ACCOUNT.username}, password: ${ACCOUNT.password}, role: service }
http: { host: 127.0.0.1, port: 0 }
rules: { dir: rules }
log: { level: error }
cloud:
  - { id: aws, provider: aws-iot, endpoint: localhost, port: ${cloudPort}, ca_file: ${file("root.pem")},
      cert_file: ${file("gw.pem")}, key_file: ${file("gw.key")}, commands: [siren] }
`;
}
