import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../statistics.ts";
import { openGateway } from "./gateway.ts";

/**
 * The gateway of the drain, in a process of its own: `drain-child.ts <fill|drain|stay> <folder> <journal> <port> <messages>`.
 * `fill` queues messages, `drain` sends them and goes on living meanwhile; `stay` queues messages and lives until they are
 * sent.
 */
const [job = "", folder = "", journalFolder = "", port = "", messages = ""] = process.argv.slice(2);
const THINGS = 100;
const TOGETHER = 1_000;
const TICK_MS = 50;

const startedAt = performance.now();
const gateway = await openGateway({ folder, journalFolder, port: Number(port) });
const openMs = performance.now() - startedAt;

if (job !== "drain") {
  const begun = performance.now();
  for (let said = 0; said < Number(messages); said += TOGETHER) {
    const some = Array.from(
      { length: Math.min(TOGETHER, Number(messages) - said) },
      (_, index) => said + index,
    );
    await Promise.all(some.map((number) => gateway.tell(`old-${number % THINGS}`, number)));
  }
  const fillMs = performance.now() - begun;
  if (job === "stay") {
    console.log("told");
    while (gateway.bridge.status().queued > 0) await sleep(20);
  }
  await gateway[Symbol.asyncDispose]();
  console.log(`filled ${JSON.stringify({ fillMs, rss: process.memoryUsage().rss })}`);
  process.exit(0);
}

while (gateway.bridge.status().state !== "online") await sleep(5);
const begun = performance.now();
/** How long each alarm took to be on the medium. */
const kept: number[] = [];
const cpuBefore = process.cpuUsage();
let [live, longest, ticked] = [0, 0, performance.now()];
// Each second 20 of Things without a backlog, two alarms, two replies.
const living = setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - ticked - TICK_MS);
  ticked = now;
  live++;
  void gateway.tell(`fresh-${live % 20}`, live);
  if (live % 10 === 0) {
    const told = performance.now();
    void gateway.tell(`alarm-${live % 3}`, live, "alarm").then(() => kept.push(performance.now() - told));
  }
  if (live % 10 === 5) void gateway.answer(`reply-${live % 3}`, live);
}, TICK_MS);
while (gateway.bridge.status().sent < Number(messages)) await sleep(20);
const drainMs = performance.now() - begun;
const cpu = process.cpuUsage(cpuBefore);
const cpuMs = (cpu.user + cpu.system) / 1_000;
clearInterval(living);
while (gateway.bridge.status().queued > 0) await sleep(5);
const { dropped, parked, sent } = gateway.bridge.status();
const rss = process.memoryUsage().rss;
console.log(
  `drained ${JSON.stringify({ openMs, drainMs, cpuMs, keptP99: percentile(kept, 0.99), live, longest, dropped, parked, sent, rss })}`,
);
await gateway[Symbol.asyncDispose]();
process.exit(0);
