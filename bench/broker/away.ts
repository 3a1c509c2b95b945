import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./account.ts";
import { numbered, PER_BURST, publisherOf } from "./flood.ts";
import { Link, leaveAll, openLinks } from "./link.ts";
import type { Figures, Order, Task } from "./order.ts";
import { type Arrivals, receive } from "./receiver.ts";
import { startStopwatch } from "./stopwatch.ts";

const PUBLISHERS = 100;
const LOOK_EVERY_MS = 5;
/** Messages may take so long to come out again, and then they are lost. In milliseconds. */
const FETCH_WITHIN_MS = 60_000;
const SECOND_MS = 1_000;
const AWAY = "away";

/** QoS 1 to somebody who is away: each message is acknowledged once it is kept for them. Then they come for all of it. */
export async function away(
  { port, pid }: Order,
  task: Extract<Task, { readonly kind: "away" }>,
): Promise<Figures> {
  const reader = await Link.open({ port, clientId: AWAY, clean: false });
  await reader.subscribe([`${ROOT}/away/#`], 1);
  await reader.leave();
  const links = await openLinks(port, numbered("publisher", PUBLISHERS));
  await publishAll(links, task.warmUp);
  const stop = startStopwatch(pid);
  await publishAll(links, task.messages);
  const { ms, cpuUs } = stop();
  await leaveAll(links);
  const all = task.warmUp + task.messages;
  const fetch = startStopwatch(pid);
  const arrived = await fetched(port, all);
  const fetching = fetch();
  return {
    acknowledgedPerSecond: (task.messages * SECOND_MS) / ms,
    cpuUsPerMessage: cpuUs / task.messages,
    fetchedPerSecond: (arrived * SECOND_MS) / fetching.ms,
    cpuUsPerFetched: fetching.cpuUs / arrived,
    lost: all - arrived,
  };
}

/** Resolves when all of them are acknowledged. */
async function publishAll(links: readonly Link[], messages: number): Promise<void> {
  const publishers = links.map((link, index) => publisherOf(link, `${ROOT}/away/${index}/temperature`, 1));
  const each = Math.ceil(messages / PER_BURST / publishers.length) * PER_BURST;
  if (each * publishers.length !== messages) {
    throw new RangeError(`expected a multiple of ${PER_BURST * publishers.length}, found ${messages}`);
  }
  await Promise.all(
    publishers.map(
      (publisher, index) =>
        new Promise<void>((resolve) => {
          const go = (): void => {
            while (publisher.sent < each && publisher.ready) publisher.send();
            if (publisher.acknowledged === each) resolve();
          };
          const link = links[index];
          if (link !== undefined) link.onRead = go;
          go();
        }),
    ),
  );
}

/** @returns how many came. */
async function fetched(port: number, expected: number): Promise<number> {
  const arrivals: Arrivals = { count: 0 };
  const until = performance.now() + FETCH_WITHIN_MS;
  const reader = await Link.open({ port, clientId: AWAY, clean: false }, (link) => receive(link, arrivals));
  while (arrivals.count < expected && performance.now() < until) await sleep(LOOK_EVERY_MS);
  await reader.leave();
  return arrivals.count;
}
