import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../store/fixtures/temporary-folder.ts";
import { startBrokerHost } from "./fixtures/broker-host-process.ts";
import { CrashClient } from "./fixtures/crash-client.ts";

/** `make crash ROUNDS=500` takes more. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 25);
/** Load between the start and the kill. In milliseconds. */
const LOAD_MS = { least: 30, most: 350 } as const;
/** What may wait for somebody who is away: far below the quota of the host, where the oldest go. In messages. */
const BACKLOG = 20_000;

function missing(
  acknowledged: ReadonlyMap<string, ReadonlySet<number>>,
  got: ReadonlyMap<string, readonly number[]>,
): string[] {
  return [...acknowledged].flatMap(([topic, numbers]) => {
    const arrived = new Set(got.get(topic));
    return [...numbers].filter((number) => !arrived.has(number)).map((number) => `${topic} ${number}`);
  });
}

function countOf(numbers: ReadonlyMap<string, ReadonlySet<number> | readonly number[]>): number {
  let count = 0;
  for (const each of numbers.values()) count += "size" in each ? each.size : each.length;
  return count;
}

function twice(got: ReadonlyMap<string, readonly number[]>, prefix: string): string[] {
  return [...got].flatMap(([topic, numbers]) =>
    topic.startsWith(prefix)
      ? numbers
          .filter((number, index) => numbers.indexOf(number) !== index)
          .map((number) => `${topic} ${number}`)
      : [],
  );
}

test(`${ROUNDS} times killed under load: nothing acknowledged is lost, nothing of QoS 2 comes twice`, {
  timeout: 60_000 + ROUNDS * 5_000,
}, async () => {
  using place = temporaryFolder();
  const publishers = [1, 2, 3].map((n) => new CrashClient(`publisher-${n}`, { clean: true }));
  const exact = new CrashClient("exact", { clean: false });
  const keeper = new CrashClient("keeper", { clean: true, window: 5 });
  /** Away most of the time, and here now and then. */
  const away = new CrashClient("away", { clean: false });
  /** Here in every round, and cut off with the broker. */
  const steady = new CrashClient("steady", { clean: false });
  const clients = [...publishers, exact, keeper, steady];

  let host = await startBrokerHost(place.file);
  for (const reader of [away, steady]) {
    await reader.connect(host.port);
    await reader.subscribe("q1/#", 1);
    await reader.subscribe("q2/#", 2);
    await reader.subscribe("end", 1);
  }
  away.disconnect();
  for (const [index, publisher] of publishers.entries()) {
    publisher.publish(() => ({ topic: `q1/${index}`, qos: 1, retain: false }));
  }
  exact.publish((number) => ({ topic: `q2/${number % 3}`, qos: 2, retain: false }));
  keeper.publish((number) => ({ topic: `kept/${number % 4}`, qos: 1, retain: true }));

  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(clients.map((client) => client.connect(host.port)));
    if (round % 4 === 3) {
      await away.connect(host.port);
      const sent = [...publishers, exact].reduce((sum, { acknowledged }) => sum + countOf(acknowledged), 0);
      await away.until(() => sent - countOf(away.got) < BACKLOG);
    }
    await delay(LOAD_MS.least + Math.random() * (LOAD_MS.most - LOAD_MS.least));
    await host.kill();
    for (const client of [...clients, away]) client.disconnect();
    host = await startBrokerHost(place.file);
  }

  // Everything that was begun is brought to its end, and then everything is fetched.
  for (const client of clients) client.stop();
  await Promise.all([...clients, away].map((client) => client.connect(host.port)));
  await Promise.all(clients.map((client) => client.until(() => client.idle)));
  const last = new CrashClient("last", { clean: true, window: 1 });
  await last.connect(host.port);
  last.publish(() => ({ topic: "end", qos: 1, retain: false }));
  await Promise.all([away, steady].map((reader) => reader.until(() => reader.got.has("end"))));
  last.stop();
  const kept = new CrashClient("kept", { clean: true });
  await kept.connect(host.port);
  await kept.subscribe("kept/#", 1);
  await kept.until(() => kept.got.size === keeper.acknowledged.size);
  await host.kill();
  for (const client of [...clients, away, last, kept]) client.disconnect();

  for (const reader of [away, steady]) {
    for (const publisher of [...publishers, exact]) {
      expect(missing(publisher.acknowledged, reader.got)).toEqual([]);
    }
    expect(twice(reader.got, "q2/")).toEqual([]);
    expect(reader.lostSession).toBe(false);
  }
  expect(exact.lostSession).toBe(false);
  for (const [topic, numbers] of keeper.acknowledged) {
    expect(kept.got.get(topic)?.[0], topic).toBeGreaterThanOrEqual(Math.max(...numbers));
  }
  const count = publishers.reduce((sum, { acknowledged }) => sum + countOf(acknowledged), 0);
  expect(count, "there was load").toBeGreaterThan(ROUNDS * 20);
});
