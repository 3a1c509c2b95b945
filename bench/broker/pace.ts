import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../statistics.ts";
import { ROOT } from "./account.ts";
import { Link } from "./link.ts";
import type { Figures, Order, Task } from "./order.ts";
import { publishPacket } from "./packets.ts";
import { PAYLOAD } from "./payload.ts";
import { type Arrivals, receive } from "./receiver.ts";
import { startStopwatch } from "./stopwatch.ts";

/** Messages that can be told apart: half a second of them at 2,000 a second. */
const SLOTS = 1_024;
const SECOND_MS = 1_000;
/** What is still under way may take this long, and then it is lost. In milliseconds. */
const SETTLE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 5;

/** One message after the other at its time, from one to one. */
export async function pace(
  { port, pid }: Order,
  task: Extract<Task, { readonly kind: "pace" }>,
): Promise<Figures> {
  const topic = `${ROOT}/pace/temperature`;
  const [receiver, sender] = [
    await Link.open({ port, clientId: "subscriber" }),
    await Link.open({ port, clientId: "publisher" }),
  ];
  await receiver.subscribe([topic], 1);
  const packets = Array.from({ length: SLOTS }, (_, slot) =>
    publishPacket({ topic, payload: PAYLOAD, qos: 1, packetId: slot + 1 }),
  );
  const arrivals: Arrivals = { count: 0 };
  receive(receiver, arrivals);
  const sentAt = new Float64Array(SLOTS);
  let latencies: number[] = [];
  let lags: number[] = [];
  const count = receiver.onPacket;
  receiver.onPacket = (...packet) => {
    const before = arrivals.count;
    count(...packet);
    // QoS 1 of one publisher on one topic comes in order ([MQTT-4.6.0-6]).
    if (arrivals.count > before) latencies.push(performance.now() - (sentAt[before % SLOTS] ?? 0));
  };
  let sent = 0;
  const send = (plannedAt: number): void => {
    const now = performance.now();
    lags.push(now - plannedAt);
    sentAt[sent % SLOTS] = now;
    sender.write(packets[sent % SLOTS] ?? PAYLOAD);
    sent++;
  };
  await onTime(task, task.warmUpMs, send);
  latencies = [];
  lags = [];
  const [stop, sentBefore] = [startStopwatch(pid), sent];
  await onTime(task, task.measureMs, send);
  const { ms, cpuUs } = stop();
  const measured = sent - sentBefore;
  const until = performance.now() + SETTLE_WITHIN_MS;
  while (arrivals.count < sent && performance.now() < until) await sleep(LOOK_EVERY_MS);
  return {
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuShare: cpuUs / (ms * SECOND_MS),
    cpuUsPerMessage: cpuUs / measured,
    lagP99Ms: percentile(lags, 0.99),
    lost: sent - arrivals.count,
  };
}

/** Calls at each planned time. It never sleeps, for a timer comes a millisecond late and two messages together. */
function onTime(
  { perSecond }: { readonly perSecond: number },
  durationMs: number,
  call: (plannedAt: number) => void,
): Promise<void> {
  const startedAt = performance.now();
  const total = Math.round((durationMs * perSecond) / SECOND_MS);
  let called = 0;
  return new Promise((resolve) => {
    const turn = (): void => {
      const due = startedAt + (called * SECOND_MS) / perSecond;
      if (performance.now() >= due) {
        call(due);
        called++;
      }
      if (called < total) setImmediate(turn);
      else resolve();
    };
    turn();
  });
}
