import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DEFAULT_LIMITS } from "@tram/broker";
import mqtt, { type MqttClient } from "mqtt";
import { afterEach, expect, test } from "vitest";
import { type Door, openDoor, specOf } from "./testing/door.ts";

const ATTACKER = fileURLToPath(new URL("testing/attacker.ts", import.meta.url));
/** Generous: a slow machine is not a fault. How much it really is, bench/broker-containment.ts tells. */
const ROUND_TRIP_MS = 2_000;
const ROUNDS = 200;

const attackers: ChildProcess[] = [];

afterEach(async () => {
  for (const attacker of attackers.splice(0)) {
    attacker.kill("SIGKILL");
    await once(attacker, "close");
  }
});

async function attack(name: string, door: Door): Promise<void> {
  const attacker = spawn(process.execPath, [ATTACKER, name, String(door.port("door"))], { stdio: "pipe" });
  attackers.push(attacker);
  attacker.stderr.on("data", (text: Buffer) => console.error(text.toString()));
  await once(attacker.stdout, "data");
}

/** A message there and back, again and again, at QoS 1. */
async function roundTrips(client: MqttClient): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const heard = new Promise((resolve, reject) => {
      client.once("message", (_topic, payload) => resolve(payload.toString()));
      AbortSignal.timeout(ROUND_TRIP_MS).onabort = () => reject(new Error("it does not come back"));
    });
    await client.publishAsync("healthy/echo", String(round), { qos: 1 });
    expect(await heard).toBe(String(round));
    await sleep(5);
  }
}

async function enter(door: Door, clientId: string): Promise<MqttClient> {
  const dial = (): Socket => connect({ port: door.port("door"), host: "127.0.0.1", noDelay: true });
  const client = new mqtt.MqttClient(dial, { clientId, reconnectPeriod: 0 });
  await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
  return client;
}

async function healthyClient(door: Door): Promise<MqttClient> {
  const client = await enter(door, "healthy");
  await client.subscribeAsync("healthy/echo", { qos: 1 });
  return client;
}

/** What each attack must have come to, besides what holds for all of them. */
const OUTCOMES: Readonly<Record<string, (door: Door, sinceMs: number) => void>> = {
  frozen: ({ broker }) => {
    expect(broker.sessions().find(({ id }) => id === "frozen")?.dropped).toBeGreaterThan(50);
  },
  "half-open": () => {
    const sockets = process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap");
    expect(sockets.length).toBeGreaterThan(DEFAULT_LIMITS.halfOpen / 2);
    expect(sockets.length).toBeLessThan(DEFAULT_LIMITS.halfOpen + 300); // Some are being closed.
  },
  "huge-connect": ({ lines }) => {
    // By its length, and not by what is in it.
    expect(lines).toEqual([
      expect.stringMatching(/larger than is taken here: 268435460 bytes, 65536 at most/),
    ]);
  },
  "subscribe-flood": ({ broker }) => {
    const { subscriptions } = broker.metrics();
    expect(subscriptions).toBeGreaterThan(1);
    expect(subscriptions).toBeLessThanOrEqual(DEFAULT_LIMITS.subscriptions + 2);
  },
  "publish-flood": ({ broker }, sinceMs) => {
    const { messageBurst, messagesPerSecond } = DEFAULT_LIMITS;
    const allowed = messageBurst + messagesPerSecond * (sinceMs / 1_000);
    expect(broker.metrics().messagesIn).toBeGreaterThan(messageBurst);
    expect(broker.metrics().messagesIn).toBeLessThan(allowed * 1.2 + ROUNDS);
  },
};

test.each(Object.keys(OUTCOMES))(
  "%s: who is in is served, who comes is let in, and the memory stays",
  async (name) => {
    await using door = await openDoor([specOf()]);
    const client = await healthyClient(door);
    try {
      const before = process.memoryUsage.rss();
      const startedAt = performance.now();
      await attack(name, door);
      await roundTrips(client);
      OUTCOMES[name]?.(door, performance.now() - startedAt);
      expect(process.memoryUsage.rss() - before).toBeLessThan(200_000_000);
      await (await enter(door, "newcomer")).endAsync(true);
    } finally {
      await client.endAsync(true);
    }
  },
);
