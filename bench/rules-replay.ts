import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Bus, type Clock } from "@tram/core";
import type { PropertyKey, ThingId } from "@tram/protocol";
import { EventJournal } from "../gateway/daemon/src/event-journal/event-journal.ts";
import { eventView } from "../gateway/daemon/src/event-journal/event-view.ts";
import { describeMachine } from "./machine.ts";
import { table } from "./markdown-table.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/**
 * How long a replay takes: a day of 100 Things that report every ten seconds, out of a journal as the gateway keeps it,
 * through 200 rules and 200 changed ones. `QUICK=1` takes an hour. Wants `tsc -b` before. The limit is 20 s.
 */
const TRAM = resolve(import.meta.dirname, "../gateway/daemon/bin/tram.js");
const HOURS = process.env.QUICK === "1" ? 1 : 24;
const THINGS = 100;
const PERIOD_MS = 10_000;
const LIMIT_S = 20;
const START = Date.UTC(2026, 0, 5);
const PROPERTY = "climate/temperature" as PropertyKey;

let wall = START;
const clock = {
  bootId: "bench",
  trust: "synced",
  now: () => wall,
  monotonic: () => wall - START + 100_000,
  instant: () => ({ wall, monotonic: wall - START + 100_000, bootId: "bench", trust: "synced" }),
  every: () => ({ [Symbol.dispose]: () => {} }),
  onStep: () => ({ [Symbol.dispose]: () => {} }),
  after: () => ({ [Symbol.dispose]: () => {} }),
  sleep: () => Promise.resolve(),
} satisfies Clock;

let seed = 1;
/** Always the same, so that two runs compare. From 0 to 1. */
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
}

const rules = (above: number): string =>
  Array.from(
    { length: THINGS },
    (_, index) => `- id: hot-${index}
  triggers: [{ numeric: { property: sensor-${index}/${PROPERTY}, above: ${above} }, for: 1m }]
  actions: [{ set: fan-${index}/fan/on, value: true }]
- id: cold-${index}
  triggers: [{ numeric: { property: sensor-${index}/${PROPERTY}, below: 20 } }]
  actions: [{ set: fan-${index}/fan/on, value: false }]
`,
  ).join("");

using folder = temporaryFolder("bench-replay");
const bus = new Bus((error) => {
  throw error;
});
const things = Array.from({ length: THINGS }, (_, index) => ({
  thing: { id: `sensor-${index}`, title: "Sensor", properties: { [PROPERTY]: { type: "number" } } },
  source: "module:sim",
  availability: "ready",
})) satisfies ReturnType<Parameters<EventJournal["start"]>[1]>["things"];
const journal = new EventJournal({
  clock,
  settings: { memoryBytes: 64 * 1_048_576, diskBytes: 0, folder: folder.path, keepMs: 48 * 3_600_000 },
  meter: { wrote: () => undefined, verdict: "ok" },
  onHealth: () => process.exit(1),
});
journal.listen(bus);
journal.start("bench", () => ({ things, readings: [] }));
const values = new Array<number>(THINGS).fill(21);
for (let round = 0; round < (HOURS * 3_600_000) / PERIOD_MS; round++) {
  for (let index = 0; index < THINGS; index++) {
    wall = START + round * PERIOD_MS + index * 90;
    const value = Math.round(((values[index] ?? 21) + (random() - 0.5) * 0.4) * 10) / 10;
    values[index] = value;
    const thing = `sensor-${index}` as ThingId;
    const reading = {
      thing,
      property: PROPERTY,
      value,
      quality: "good",
      time: wall,
      receivedAt: wall,
    } as const;
    // What a unit is does not matter to the journal.
    bus.emit(
      "reading",
      { reading: { ...reading, origin: "device" }, previous: undefined },
      undefined as never,
    );
  }
  if (round % 64 === 0) await new Promise(setImmediate);
}

const record = join(folder.path, "day.jsonl");
const out = createWriteStream(record);
const toldAt = performance.now();
let events = 0;
let lines: string[] = [];
for await (const event of journal.read({ known: true })) {
  lines.push(JSON.stringify(eventView(event)));
  events++;
  if (lines.length < 4_096) continue;
  if (!out.write(`${lines.join("\n")}\n`)) await once(out, "drain");
  lines = [];
}
out.end(`${lines.join("\n")}\n`);
await once(out, "close");
const tellingS = (performance.now() - toldAt) / 1_000;

const [current, changed] = [join(folder.path, "current.yaml"), join(folder.path, "changed.yaml")];
writeFileSync(current, rules(24));
writeFileSync(changed, rules(23));
const playedAt = performance.now();
const args = [
  "rules",
  "replay",
  "--json",
  "--timezone",
  "UTC",
  "--events",
  record,
  "--rules",
  current,
  "--rule",
  changed,
];
const answer = JSON.parse(
  execFileSync(process.execPath, [TRAM, ...args], { encoding: "utf8", maxBuffer: 256 * 1_048_576 }),
) as { readings: number; first: { actions: number }; second: { actions: number }; differences: unknown[] };
const playingS = (performance.now() - playedAt) / 1_000;

const limitS = (LIMIT_S * HOURS) / 24;
const seconds = (value: number): string => `${value.toFixed(1)} s`;
console.log(`\n${new Date().toISOString().slice(0, 10)} · ${describeMachine()}\n
${table(
  ["", ""],
  [
    ["Readings", answer.readings.toLocaleString("en")],
    ["Telling them, as the gateway does for the command (beside it, in its own process)", seconds(tellingS)],
    [
      "`rules replay` through 200 rules and 200 changed ones, start of the program included",
      seconds(playingS),
    ],
    ["Readings a second", Math.round(answer.readings / playingS).toLocaleString("en")],
    [
      "Actions of the current and the changed rules, differences",
      `${answer.first.actions}, ${answer.second.actions}, ${answer.differences.length}`,
    ],
    [`Of the limit of ${seconds(limitS)}`, `${(playingS / limitS).toFixed(2)}`],
    ["Of the limit, one after the other", `${((playingS + tellingS) / limitS).toFixed(2)}`],
  ],
)}`);
if (events < answer.readings) throw new Error("fewer events than readings");
