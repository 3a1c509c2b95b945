import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./account.ts";
import { Flow } from "./flow.ts";
import { type Link, openLinks } from "./link.ts";
import type { Figures, Order, Task } from "./order.ts";
import { burst, type Qos } from "./packets.ts";
import { PAYLOAD } from "./payload.ts";
import { Publisher } from "./publisher.ts";
import { type Arrivals, receive } from "./receiver.ts";
import { startStopwatch } from "./stopwatch.ts";

/** Packets in one write. */
export const PER_BURST = 20;
/** Bursts of one publisher that may be under way, by QoS: at QoS 2 mosquitto takes 20 messages at a time and no more. */
const BURSTS: Readonly<Record<Qos, number>> = { 0: 4, 1: 4, 2: 1 };
/** Messages that may be under way for one subscriber: below what mosquitto queues for it (1,000 and 20). */
const WINDOW = 1_000;
const SECOND_MS = 1_000;

/** As much as goes. */
export async function flood(
  { port, pid }: Order,
  task: Extract<Task, { readonly kind: "flood" }>,
): Promise<Figures> {
  const { publishers, subscribers, qos } = task;
  const arrivals: Arrivals = { count: 0 };
  const receivers = await openLinks(port, numbered("subscriber", subscribers));
  for (const link of receivers) {
    await link.subscribe([`${ROOT}/flood/#`], qos);
    receive(link, arrivals);
  }
  const senders = await openLinks(port, numbered("publisher", publishers));
  const sources = senders.map((link, index) => publisherOf(link, `${ROOT}/flood/${index}/temperature`, qos));
  const window = Math.min(WINDOW, publishers * BURSTS[qos] * PER_BURST);
  const flow = new Flow(sources, arrivals, { perBurst: PER_BURST, fanOut: subscribers, window });
  for (const link of [...receivers, ...senders]) link.onRead = flow.fill;
  flow.fill();
  await sleep(task.warmUpMs);
  const stop = startStopwatch(pid);
  const own = process.cpuUsage();
  const before = { sent: flow.sent, arrived: arrivals.count };
  await sleep(task.measureMs);
  const { ms, cpuUs } = stop();
  const { user, system } = process.cpuUsage(own);
  const sent = flow.sent - before.sent;
  const arrived = arrivals.count - before.arrived;
  return {
    cpuUsPerDelivery: cpuUs / arrived,
    inPerSecond: (sent * SECOND_MS) / ms,
    outPerSecond: (arrived * SECOND_MS) / ms,
    loadShare: (user + system) / (ms * SECOND_MS),
    busyShare: cpuUs / (ms * SECOND_MS),
    lost: await flow.settle(),
  };
}

/** A publisher of one topic. */
export function publisherOf(link: Link, topic: string, qos: Qos): Publisher {
  const bursts = Array.from({ length: BURSTS[qos] }, (_, index) =>
    burst(PER_BURST, { topic: () => topic, payload: PAYLOAD, qos, firstId: index * PER_BURST + 1 }),
  );
  return new Publisher(link, bursts, { qos, perBurst: PER_BURST });
}

export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}
