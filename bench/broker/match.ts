import { setTimeout as sleep } from "node:timers/promises";
import { memory } from "../process-usage.ts";
import { ROOT } from "./account.ts";
import { numbered, PER_BURST } from "./flood.ts";
import { Flow } from "./flow.ts";
import { openLinks } from "./link.ts";
import type { Figures, Order, Task } from "./order.ts";
import { burst } from "./packets.ts";
import { PAYLOAD } from "./payload.ts";
import { Publisher } from "./publisher.ts";
import { type Arrivals, receive } from "./receiver.ts";
import { startStopwatch } from "./stopwatch.ts";

const PUBLISHERS = 10;
const FILTERS_PER_PACKET = 100;
const WINDOW = 1_000;
const SECOND_MS = 1_000;
/** Coprime to every number of filters that is used: topics come neither in order nor twice before all had their turn. */
const STRIDE = 7_919;

/**
 * Many subscriptions, half of them with a wildcard, each to topics that no other one matches. Then messages to all these
 * topics in turn, so that none is fresh in anybody's memory; what is written together is for one subscriber.
 */
export async function match(
  { port, pid }: Order,
  task: Extract<Task, { readonly kind: "match" }>,
): Promise<Figures> {
  const { filtersEach, settleMs, subscribers } = task;
  const arrivals: Arrivals = { count: 0 };
  const receivers = await openLinks(port, numbered("subscriber", subscribers));
  await sleep(settleMs);
  const empty = memory([pid]).rss;
  const subscribed = startStopwatch(pid);
  for (const [who, link] of receivers.entries()) {
    for (let first = 0; first < filtersEach; first += FILTERS_PER_PACKET) {
      const filters = Array.from({ length: FILTERS_PER_PACKET }, (_, index) => filterOf(who, first + index));
      await link.subscribe(filters, 0);
    }
    receive(link, arrivals);
  }
  const { ms } = subscribed();
  await sleep(settleMs);
  const bytes = memory([pid]).rss - empty;
  const subscriptions = subscribers * filtersEach;

  const senders = await openLinks(port, numbered("publisher", PUBLISHERS));
  const publishers = senders.map(
    (link, index) => new Publisher(link, burstsOf(index, task), { qos: 0, perBurst: PER_BURST }),
  );
  const flow = new Flow(publishers, arrivals, { perBurst: PER_BURST, fanOut: 1, window: WINDOW });
  for (const link of [...receivers, ...senders]) link.onRead = flow.fill;
  flow.fill();
  await sleep(task.warmUpMs);
  const [stop, arrived] = [startStopwatch(pid), arrivals.count];
  await sleep(task.measureMs);
  const lap = stop();
  const delivered = arrivals.count - arrived;
  return {
    bytesPerSubscription: bytes / subscriptions,
    subscriptionsPerSecond: (subscriptions * SECOND_MS) / ms,
    cpuUsPerDelivery: lap.cpuUs / delivered,
    outPerSecond: (delivered * SECOND_MS) / lap.ms,
    lost: await flow.settle(),
  };
}

function filterOf(who: number, index: number): string {
  return `${ROOT}/match/${who}/${index}/${index % 2 === 0 ? "+" : "temperature"}`;
}

/** Of one publisher: all topics of its share of the subscribers, those of one subscriber together. */
function burstsOf(
  publisher: number,
  { filtersEach, subscribers }: { readonly filtersEach: number; readonly subscribers: number },
): readonly Buffer[] {
  const bursts: Buffer[] = [];
  for (let first = 0; first < filtersEach; first += PER_BURST) {
    for (let who = publisher; who < subscribers; who += PUBLISHERS) {
      const topic = (index: number): string =>
        `${ROOT}/match/${who}/${((first + index) * STRIDE) % filtersEach}/temperature`;
      bursts.push(burst(PER_BURST, { topic, payload: PAYLOAD, qos: 0, firstId: 0 }));
    }
  }
  return bursts;
}
