import { join } from "node:path";
import { Child, freePort } from "../child-processes.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Cloud } from "./cloud.ts";
import { askWatcher, type Heard, watch } from "./watching.ts";

export interface Drained {
  readonly messages: number;
  readonly fillMs: number;
  readonly openMs: number;
  readonly drainMs: number;
  /** Of all threads of the gateway meanwhile. */
  readonly cpuMs: number;
  /** Longest time that the event loop was held. */
  readonly longest: number;
  readonly dropped: number;
  readonly parked: number;
  readonly rss: number;
  readonly heard: Heard;
}

/** Queues messages while nobody answers, then sends them all to a local mosquitto while the house goes on living. */
export async function drain(messages: number): Promise<Drained> {
  using folder = temporaryFolder("bench-bridge");
  using journal = temporaryFolder("bench-bridge", "/dev/shm");
  const port = await freePort();
  const job = (name: string): Child =>
    new Child(process.execPath, [
      "--conditions=source",
      join(import.meta.dirname, "drain-child.ts"),
      ...[name, folder.path, journal.path, port, messages].map(String),
    ]);
  const filling = job("fill");
  await filling.says(/^filled .*$/m, 600_000);
  const filled = answerOf(filling, "filled");
  await filling.end();
  await using cloud = await Cloud.open([], port);
  const watcher = await watch(cloud.port, LIVE);
  const draining = job("drain");
  await draining.says(/^drained .*$/m, 600_000);
  const drained = answerOf(draining, "drained");
  await draining.end();
  const heard = await askWatcher(watcher);
  await watcher.end();
  return { messages, ...filled, ...drained, heard } as Drained;
}

/** What is not backlog: the watcher must not be the slow one. */
const LIVE: readonly string[] = [
  ...Array.from({ length: 20 }, (_, index) => `tram/gw/fresh-${index}/#`),
  ...Array.from({ length: 3 }, (_, index) => `tram/gw/alarm-${index}/#`),
  ...Array.from({ length: 3 }, (_, index) => `tram/gw/reply-${index}/#`),
];

function answerOf(child: Child, word: string): object {
  const found = new RegExp(`^${word} (.*)$`, "m").exec(child.output)?.[1];
  if (found === undefined) throw new Error(`the child did not say ${word}: ${child.output}`);
  return JSON.parse(found);
}
