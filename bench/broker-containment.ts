import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child, endAll, freePort } from "./child-processes.ts";
import { describeMachine } from "./machine.ts";
import { MqttClient } from "./mqtt-client.ts";
import { memory } from "./process-usage.ts";
import { percentile } from "./statistics.ts";
import { removeTemporaryFolders, temporaryFolder } from "./temporary-folder.ts";

/**
 * What one hostile client costs the others: the round trip of a healthy client (QoS 1, there and back) while another
 * process does to the broker what it can. `node bench/broker-containment.ts`, after `make build`. Environment: `ENGINE`
 * (default `tram`), `ROUNDS` of a measurement (default 1,000).
 */
const root = resolve(import.meta.dirname, "..");
const TRAM = join(root, "gateway/daemon/bin/tram.js");
const ATTACKER = join(root, "gateway/daemon/src/mqtt/listeners/testing/attacker.ts");
const ATTACKS = ["frozen", "half-open", "huge-connect", "subscribe-flood", "publish-flood"] as const;

const engine = process.env.ENGINE ?? "tram";
const rounds = Number(process.env.ROUNDS ?? 1_000);
/** Between two round trips. In milliseconds. */
const PAUSE_MS = 2;
const SETTLE_MS = 1_000;
/** The p99 of a healthy client may move by so much. In milliseconds. */
const MOST_MOVED_MS = 20;
const MEGABYTE = 1_000_000;

// Whatever ends the benchmark, nothing of it stays.
process.on("exit", () => {
  endAll();
  removeTemporaryFolders();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

/** A broker that is attacked, and a client of it. */
interface Scene extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  roundTrip(): Promise<number>;
}

async function setUp(): Promise<Scene> {
  const folder = temporaryFolder("containment");
  const port = await freePort();
  writeFileSync(
    join(folder.path, "tram.yaml"),
    `gateway: { id: bench, clock: trusted, timezone: UTC }
mqtt:
  engine: ${engine}
  host: 127.0.0.1
  port: ${port}
  clients:
    - { username: healthy, password: healthy-password, role: service }
    - { username: hostile, password: hostile-password, role: service }
http: { host: 127.0.0.1, port: 0 }
log: { level: error }
`,
  );
  const gateway = new Child(process.execPath, [
    TRAM,
    "run",
    "--config",
    join(folder.path, "tram.yaml"),
    "--json",
  ]);
  await gateway.says(/^\{"web".*\}$/m);
  let heard: () => void = () => undefined;
  const client = await MqttClient.connect({
    port,
    clientId: "healthy",
    username: "healthy",
    password: "healthy-password",
    onMessage: () => heard(),
    onLost: (reason) => {
      throw new Error(reason);
    },
  });
  await client.subscribe("healthy/echo");
  return {
    port,
    pid: gateway.pid,
    roundTrip: async () => {
      const startedAt = performance.now();
      const back = new Promise<void>((resolve) => {
        heard = resolve;
      });
      client.publish("healthy/echo", "21.5", { retain: false });
      await back;
      return performance.now() - startedAt;
    },
    [Symbol.asyncDispose]: async () => {
      client.end();
      await gateway.end();
    },
  };
}

async function measure(scene: Scene): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    times.push(await scene.roundTrip());
    await sleep(PAUSE_MS);
  }
  return times;
}

const rows: string[] = [];
for (const attack of ATTACKS) {
  await using scene = await setUp();
  await measure(scene); // Warm.
  const before = await measure(scene);
  const attacker = new Child(process.execPath, [
    ATTACKER,
    attack,
    String(scene.port),
    "hostile",
    "hostile-password",
  ]);
  await attacker.says(/attacking/);
  await sleep(SETTLE_MS);
  const during = await measure(scene);
  const { rss } = memory([scene.pid]);
  await attacker.end();
  const [calm, busy] = [percentile(before, 0.99), percentile(during, 0.99)];
  const verdict = busy - calm <= MOST_MOVED_MS ? "met" : "missed";
  const cells = [percentile(before, 0.5), calm, percentile(during, 0.5), busy, Math.max(...during)];
  const numbers = cells.map((ms) => ms.toFixed(2));
  rows.push(
    `| ${[attack, ...numbers, `≤ ${MOST_MOVED_MS} ${verdict}`, (rss / MEGABYTE).toFixed(0)].join(" | ")} |`,
  );
  console.error(rows.at(-1));
}

console.log(`# What a hostile client costs the others

${new Date().toISOString().slice(0, 10)} · engine ${engine} · ${describeMachine()}

| attack | p50 before, ms | p99 before, ms | p50 during, ms | p99 during, ms | longest, ms | p99 moved by, ms | RSS, MB |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
`);
process.exit(0);
