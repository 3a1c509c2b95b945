import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describeMachine } from "../machine.ts";
import { table } from "../markdown-table.ts";
import { median } from "../statistics.ts";
import { removeTemporaryFolders } from "../temporary-folder.ts";
import { ingest } from "./ingest.ts";
import { type Asked, chartOfAMonth, millionReadings } from "./queries.ts";
import { dayOfWrites, type Written } from "./writes.ts";

/**
 * The history alone: what it writes in a day, how fast it answers, and whether it holds anybody up. Environment: `QUICK=1`
 * for a short run that only shows that it works, `ONLY` (`writes`, `queries` or `ingest`); the document is left alone then.
 */
const { ONLY = "", QUICK } = process.env;
const quick = QUICK === "1";
process.on("exit", removeTemporaryFolders);

const wants = (name: string): boolean => ONLY === "" || ONLY === name;
const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
const met = (value: number, limit: number): string => `≤ ${limit} ${value <= limit ? "met" : "missed"}`;
const rows: string[][] = [];

function say(what: string, value: string, target = ""): void {
  rows.push([what, value, target]);
  console.log(`${what}: ${value} ${target}`);
}

if (wants("writes")) {
  for (const windowMs of [60_000, 300_000, 900_000]) {
    const hours = quick ? 2 : 24;
    const { file, kernel, metered }: Written = await dayOfWrites(windowMs, hours);
    const counted = kernel === undefined ? "" : ` (the kernel counts ${mb(kernel)})`;
    const name = `written in ${hours} h, 100 Things each 10 s, window ${windowMs / 1_000} s, MB`;
    say(name, `${mb(metered)}${counted}`);
    say(`size of the file then, window ${windowMs / 1_000} s, MB`, mb(file));
  }
}
if (wants("queries")) {
  const told = (name: string, { cpuMs, heldMs, ms, points, read, tier }: Asked, limit: number): void => {
    const middle = median(ms);
    const detail = `${middle.toFixed(1)} (max ${Math.max(...ms).toFixed(1)}; processor ${median(cpuMs).toFixed(1)}; tier ${tier}, ${points} of ${read})`;
    say(`${name}, ms`, detail, met(middle, limit));
    say(`${name}: longest hold of the event loop, ms`, heldMs.toFixed(1));
  };
  told("chart of 30 days of one property", await chartOfAMonth(15, quick ? 2 : 20), 50);
  told("1,000,000 readings, 500 points", await millionReadings(5), 200);
}
if (wants("ingest")) {
  for (const recording of [false, true]) {
    const { max, p50, p99, perSecond, turnMax, turnP99, windows } = await ingest(
      5_000,
      quick ? 12 : 60,
      10_000,
      recording,
    );
    const detail = `${p99.toFixed(1)} (p50 ${p50.toFixed(1)}, max ${max.toFixed(1)}; ${recording ? `${windows} windows` : "no history"})`;
    const name = `${perSecond} readings/s of 1,000 Things × 10 properties, p99 to the bus, ms`;
    say(name, detail, recording ? met(p99, 20) : "");
    const turn = `${turnP99.toFixed(1)} (max ${turnMax.toFixed(1)}; ${recording ? "with" : "no"} history)`;
    say("processor time of one turn then, p99, ms", turn);
  }
}

const text = [
  "# The history",
  "",
  "<!-- Written by `make bench-history`. -->",
  "",
  `${new Date().toISOString().slice(0, 10)} · ${describeMachine()}`,
  "",
  table(["", "Tram", "Target"], rows),
  "",
  "Written are blocks of 4 kB that reached `history.db` and its log between two syncs; what flash translation and the file",
  "system write comes on top, and the kernel also counts the index of the log. Time is virtual for what is written and",
  "asked, the files are real; readings come in real time.",
  "",
].join("\n");
console.log(`\n${text}`);
if (!quick && ONLY === "") {
  const folder = join(resolve(import.meta.dirname, "../.."), "docs/reference");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "history-benchmarks.md"), text);
}
