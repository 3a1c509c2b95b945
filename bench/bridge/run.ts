import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { mosquittoVersion } from "../broker/mosquitto.ts";
import { endAll } from "../child-processes.ts";
import { describeMachine } from "../machine.ts";
import { table } from "../markdown-table.ts";
import { removeTemporaryFolders } from "../temporary-folder.ts";
import { compare, type Outage } from "./beside.ts";
import { drain } from "./drain.ts";
import { offline, online } from "./flash.ts";
import { DELTAS_PER_S, hostile } from "./hostile.ts";
import type { HeardKind } from "./watching.ts";

/**
 * The queue before a cloud: what it writes, how fast it drains, what a hostile cloud costs the house, and the same outage
 * beside mosquitto's own bridge.
 * Environment: `QUICK=1` for a short run that only shows that it works; the document is left alone then. `ONLY`: `flash`,
 * `drain`, `hostile` or `beside`.
 */
const { ONLY = "", QUICK } = process.env;
const quick = QUICK === "1";
const wants = (part: string): boolean => ONLY === "" || ONLY === part;

process.on("exit", () => {
  endAll();
  removeTemporaryFolders();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

const rows: string[][] = [];
const parts: string[] = [];
const busy = loadavg()[0] ?? 0;

function say(name: string, value: string, target = ""): void {
  rows.push([name, value, target]);
  console.log(name, value, target);
}

function met(value: number, limit: number, unit = ""): string {
  return `≤ ${limit.toLocaleString("en")}${unit} ${value <= limit ? "met" : "missed"}`;
}

if (wants("flash")) {
  const { kernel, messages, metered } = await offline(quick ? 1 : 10);
  const counted = kernel === undefined ? "" : `; by the kernel ${kernel.toFixed(0)}`;
  say(
    `written for each of ${messages.toLocaleString("en")} messages at 100/s with no cloud, bytes`,
    `${metered.toFixed(0)}${counted}`,
    met(Math.max(metered, kernel ?? 0), 500),
  );
  const link = await online(quick ? 1 : 8);
  const share = (100 * link.written) / link.messages;
  say(
    `of ${link.messages.toLocaleString("en")} messages at 10/s with a cloud, those that ever reached the flash, %`,
    share.toFixed(1),
    met(share, 10, " %"),
  );
}
if (wants("drain")) {
  const found = await drain(quick ? 50_000 : 1_000_000);
  const seconds = found.drainMs / 1_000;
  say(
    `${found.messages.toLocaleString("en")} queued messages to a local mosquitto, s`,
    `${seconds.toFixed(1)} (${Math.round(found.messages / seconds).toLocaleString("en")}/s)`,
    met(seconds, 60),
  );
  say(
    "processor time of the gateway for each of them, µs",
    ((found.cpuMs * 1_000) / found.messages).toFixed(0),
  );
  for (const kind of ["alarm", "reply", "fresh"]) {
    const { count, max, p50, p99 } = (found.heard[kind] ?? {}) as Partial<HeardKind>;
    const what = kind === "fresh" ? "a Thing without backlog" : `a${kind === "alarm" ? "n alarm" : " reply"}`;
    say(
      `meanwhile, p99 of ${what}, ms`,
      `${p99} (p50 ${p50}, max ${max}; ${count} of them)`,
      met(p99 ?? Number.POSITIVE_INFINITY, 250),
    );
  }
  say("longest hold of the event loop meanwhile, ms", found.longest.toFixed(0));
  say("queueing them, s", (found.fillMs / 1_000).toFixed(1));
  say("opening the queue with them, s", (found.openMs / 1_000).toFixed(1));
  say("memory of the process afterwards, MB", (found.rss / 1e6).toFixed(0));
  say("dropped, parked", `${found.dropped}, ${found.parked}`, met(found.dropped + found.parked, 0));
}
if (wants("hostile")) {
  const { deltasPerS, flooded, later, lost, peakRss, quiet, readings, rounds } = await hostile(
    quick ? 2 : 11,
    quick ? 100 : 300,
  );
  const ms = ({ p50, p99, max }: typeof quiet): string =>
    `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} (longest ${max.toFixed(0)})`;
  say("reading → rule → command on local MQTT, the cloud quiet, ms", ms(quiet));
  say(`the same while the cloud sends ${DELTAS_PER_S.toLocaleString("en")} deltas/s, ms`, ms(flooded));
  say("how much later p99 of that is than p99 of the quiet beside it, ms", later.toFixed(1), met(later, 50));
  say(
    `commands missing after ${(2 * rounds * readings).toLocaleString("en")} readings`,
    String(quiet.missed + flooded.missed),
    met(quiet.missed + flooded.missed, 0),
  );
  say(
    "deltas that the cloud said in the slowest round, each second",
    `${deltasPerS.toLocaleString("en")}; ${lost} of ${rounds} connections were lost over them`,
  );
  say(
    "processor time of the gateway, of one core, %",
    `${(100 * quiet.cpuShare).toFixed(0)} quiet, ${(100 * flooded.cpuShare).toFixed(0)} flooded`,
  );
  say(
    "what the gateway reads more because of them, kB/s",
    Math.max(0, (flooded.readPerS - quiet.readPerS) / 1e3).toFixed(0),
  );
  say("memory of the gateway at most, MB", (peakRss / 1e6).toFixed(0));
}
if (wants("beside") && mosquittoVersion() !== undefined) {
  const messages = quick ? 2_000 : 50_000;
  const heads = ["", "lost", "twice", "drain, s", "written, MB"];
  const line = ({ drainMs, lost, name, twice, writtenBytes }: Outage, how: string): string[] => [
    `${name}, ${how}`,
    String(lost),
    String(twice),
    (drainMs / 1_000).toFixed(1),
    (writtenBytes / 1e6).toFixed(2),
  ];
  const plain = await compare(messages, false);
  const killed = await compare(messages, true);
  parts.push(
    `## Beside mosquitto's own bridge\n\nThe same outage of the line for both, ${messages.toLocaleString("en")} messages of QoS 1 that were acknowledged. mosquitto keeps its queue\n(\`persistence true\`, \`cleansession false\`, no limit to what waits). \`kill -9\` comes after the first half. After it
Tram's journal, which lies in memory, goes into the database at once: for 25,000 messages that is 10 MB of write-ahead
log and 7.5 MB of pages, and as much log again when they leave. How much of it the kernel has written before it is
overwritten differs from run to run.\n`,
    table(heads, [
      ...plain.map((each) => line(each, "an outage")),
      ...killed.map((each) => line(each, "an outage with `kill -9`")),
    ]),
  );
  console.log(parts.join("\n"));
}

const text = [
  "# The bridge to a cloud",
  "",
  "<!-- Written by `make bench-bridge`. -->",
  "",
  [
    new Date().toISOString().slice(0, 10),
    describeMachine(),
    `mosquitto ${mosquittoVersion() ?? "missing"}`,
    `load at the start ${busy.toFixed(1)}${busy > 1 ? " (the machine was doing other work too)" : ""}`,
  ].join(" · "),
  "",
  table(["", "Tram", "Target"], rows),
  "",
  "Flash is measured with time running 20 times as fast: messages come so much faster, and the minute after which the store",
  "writes what only its journal in memory has is 3 s. Ages are from when a message is told to when a subscriber of the cloud,",
  "a process of its own, has it.",
  "",
  "The hostile cloud is the double of AWS IoT in a process of its own; of its deltas every second one asks for what the cloud",
  "may set. Rounds with a quiet cloud and with the flood take turns; of each row it is the middle one of the rounds, and of",
  "the longest the longest.",
  "",
  ...parts,
  "",
].join("\n");
console.log(`\n${text}`);
if (!quick && ONLY === "") {
  const folder = join(resolve(import.meta.dirname, "../.."), "docs/reference");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "bridge-benchmarks.md"), text);
}
