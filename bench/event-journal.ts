import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Bus, type Clock } from "@tram/core";
import type { PropertyKey, Reading, Thing, ThingId } from "@tram/protocol";
import { EventJournal } from "../gateway/daemon/src/event-journal/event-journal.ts";
import type { FeatureMeter } from "../gateway/daemon/src/write-meter/write-meter.ts";
import { describeMachine } from "./machine.ts";
import { table } from "./markdown-table.ts";
import { removeTemporaryFolders, temporaryFolder } from "./temporary-folder.ts";

/**
 * What the journal of events costs: a day of 100 Things that report one property every ten seconds, recorded and read
 * back. `QUICK=1` records an hour, to show that it works. Part of `make bench`.
 */
const root = resolve(import.meta.dirname, "..");
const quick = process.env.QUICK === "1";
const HOURS = quick ? 1 : 24;
const THINGS = 100;
const PERIOD_MS = 10_000;
const HOUR_MS = 3_600_000;
const MB = 1_048_576;
/** The event loop turns once in so long. */
const MINUTE_MS = 60_000;

interface Sensor {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  /** Decimals and size of a step. */
  readonly power: number;
  readonly stride: number;
  readonly phaseMs: number;
  value: number;
}

let seed = 1;
/** Always the same, so that two runs compare. From 0 to 1. */
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
}

/** Around 0, mostly within 1. */
const noise = (): number => random() + random() + random() + random() - 2;

function sensors(): Sensor[] {
  const kinds = [
    { property: "climate/temperature", power: 10, stride: 0.1, value: 21 },
    { property: "climate/humidity", power: 1, stride: 0.7, value: 55 },
    { property: "meter/power", power: 100, stride: 3, value: 120 },
  ];
  return Array.from({ length: THINGS }, (_, index) => {
    const { property, ...kind } = kinds[index % kinds.length] as (typeof kinds)[number];
    const thing = `sensor-${index}` as ThingId;
    return { ...kind, thing, property: property as PropertyKey, phaseMs: random() * PERIOD_MS };
  }).sort((one, other) => one.phaseMs - other.phaseMs);
}

function descriptionOf({ thing, property }: Sensor): Thing {
  const others = ["battery", "signal", "uptime", "firmware"].map((name) => `device/${name}`);
  const keys = [property, ...others];
  return {
    id: thing,
    title: `Sensor ${thing}`,
    titles: { vi: `Cảm biến ${thing}` },
    properties: Object.fromEntries(
      keys.map((key) => [key, { type: "number", readOnly: true, title: key, unit: "unit" } as const]),
    ),
  };
}

/** A clock that is set by hand: a virtual one with promises in it would cost more than what is measured. */
class HandClock implements Clock {
  readonly bootId = "bench";
  readonly trust = "synced";
  readonly #ticks = new Set<() => void>();
  #wall = Date.UTC(2026, 0, 5);

  now(): number {
    return this.#wall;
  }
  monotonic(): number {
    return this.#wall - Date.UTC(2026, 0, 1) + 0.4;
  }
  instant() {
    return { wall: this.#wall, monotonic: this.monotonic(), bootId: this.bootId, trust: this.trust } as const;
  }
  set(wall: number): void {
    this.#wall = wall;
  }
  /** A period is over, of everybody who asked for one. */
  tick(): void {
    for (const tick of this.#ticks) tick();
  }
  every(_periodMs: number, tick: () => void): Disposable {
    this.#ticks.add(tick);
    return { [Symbol.dispose]: () => void this.#ticks.delete(tick) };
  }
  sleep(): Promise<void> {
    throw new Error("nobody waits");
  }
  after(): Disposable {
    throw new Error("nobody waits");
  }
  onStep(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }
}

interface Lap {
  readonly events: number;
  /** Of the main thread while it told the events, in microseconds. */
  readonly tellingUs: number;
  /** Of all threads all the time, in microseconds. */
  readonly cpuUs: number;
  /** The longest time that one event took, in milliseconds. */
  readonly longestMs: number;
}

/** A house of sensors whose bus is recorded, or not. */
function house(options: {
  memoryBytes: number;
  diskBytes?: number;
  folder?: string;
  meter?: FeatureMeter;
  deaf?: true;
}) {
  const clock = new HandClock();
  const bus = new Bus((error) => {
    throw error;
  });
  const all = sensors();
  const things = all.map((sensor) => ({
    thing: descriptionOf(sensor),
    source: "module:sim" as const,
    availability: "ready" as const,
  }));
  const latest = new Map<ThingId, Reading>();
  const journal = new EventJournal({
    clock,
    settings: { diskBytes: 0, folder: "/nowhere", keepMs: 48 * HOUR_MS, ...options },
    meter: options.meter ?? { wrote: () => undefined, verdict: "ok" },
    onHealth: () => process.exit(1),
  });
  if (options.deaf !== true) journal.listen(bus);
  journal.start("bench", () => ({ things, readings: [...latest.values()] }));

  /** What the sensors report in the next minute. */
  function minute(): Reading[] {
    const readings: Reading[] = [];
    for (let at = clock.now(); at < clock.now() + MINUTE_MS; at += PERIOD_MS) {
      for (const sensor of all) {
        const { thing, property, power, stride, phaseMs } = sensor;
        sensor.value = Math.round((sensor.value + stride * noise()) * power) / power;
        const time = Math.round(at + phaseMs + 20 * noise());
        const { value } = sensor;
        readings.push({
          thing,
          property,
          value,
          quality: "good",
          time,
          receivedAt: time,
          origin: `mqtt:${thing}`,
        });
      }
    }
    return readings.sort((one, other) => one.receivedAt - other.receivedAt);
  }

  async function live(minutes: number): Promise<Lap> {
    let events = 0;
    let tellingUs = 0;
    let longestMs = 0;
    const before = process.cpuUsage();
    for (let count = 0; count < minutes; count++) {
      const end = clock.now() + MINUTE_MS;
      const readings = minute();
      const begun = process.threadCpuUsage();
      let at = performance.now();
      for (const reading of readings) {
        clock.set(reading.receivedAt);
        // What a unit is does not matter to the journal.
        bus.emit("reading", { reading, previous: undefined }, undefined as never);
        const now = performance.now();
        longestMs = Math.max(longestMs, now - at);
        at = now;
      }
      const { user, system } = process.threadCpuUsage(begun);
      tellingUs += user + system;
      events += readings.length;
      for (const reading of readings) latest.set(reading.thing, reading);
      clock.set(end);
      clock.tick();
      await nextTurn();
      await journal.written();
    }
    const { user, system } = process.cpuUsage(before);
    return { events, tellingUs, cpuUs: user + system, longestMs };
  }
  return { clock, journal, live };
}

/** Of the main thread alone; packing is done by others. */
async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const begun = performance.now();
  return { result: await work(), ms: performance.now() - begun };
}

async function count(events: AsyncIterable<unknown>): Promise<number> {
  let total = 0;
  for await (const _event of events) total++;
  return total;
}

type Row = readonly [what: string, value: string];
const rows: Row[] = [];
const row = (what: string, value: number, digits: number, unit: string): void => {
  rows.push([
    what,
    `${value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`,
  ]);
  console.log(rows.at(-1)?.join(": "));
};

async function inMemory(): Promise<void> {
  await house({ memoryBytes: 4 * MB }).live(120); // So that V8 has compiled it.
  const deaf = await house({ memoryBytes: 4 * MB, deaf: true }).live(60 * HOURS);
  const { journal, live, clock } = house({ memoryBytes: 4 * MB });
  const lap = await live(60 * HOURS);
  const state = await journal.state();
  const perEvent = state.memoryBytes / lap.events;
  const perHour = (THINGS * HOUR_MS) / PERIOD_MS;
  row("Memory for an event, keyframes and blocks included", perEvent, 2, "bytes");
  for (const mb of [2, 4, 8]) row(`${mb} MB hold`, (mb * MB) / perEvent / perHour, 0, "hours");
  row("Recording an event: CPU of the main thread", (lap.tellingUs - deaf.tellingUs) / lap.events, 2, "µs");
  row(
    "Recording an event: CPU of all threads, packing included",
    (lap.cpuUs - deaf.cpuUs) / lap.events,
    2,
    "µs",
  );
  row("Longest time that one event took", lap.longestMs, 2, "ms");
  const day = await timed(() => count(journal.read({})));
  row(`Reading ${HOURS} hours back (${day.result.toLocaleString("en")} events)`, day.ms / 1_000, 2, "s");
  const from = clock.now() - HOUR_MS;
  const hour = await timed(() => count(journal.read({ from, known: true })));
  row(
    `Reading the last hour back, with what was known (${hour.result.toLocaleString("en")} events)`,
    hour.ms,
    0,
    "ms",
  );
}

async function onDisk(): Promise<void> {
  for (const verdict of ["ok", "batch-longer"] as const) {
    using folder = temporaryFolder("bench-events");
    const meter = {
      bytes: 0,
      writes: 0,
      verdict,
      wrote: (bytes: number) => {
        meter.bytes += bytes;
        meter.writes++;
      },
    };
    const { journal, live } = house({ memoryBytes: 4 * MB, diskBytes: 64 * MB, folder: folder.path, meter });
    await live(60 * HOURS);
    const name = `On disk, ${verdict === "ok" ? "a window of a minute" : "windows of five minutes"}`;
    row(`${name}: pages written, a day`, ((meter.bytes / MB) * 24) / HOURS, 1, "MB");
    row(`${name}: room, a day`, (((await journal.state()).diskBytes / MB) * 24) / HOURS, 1, "MB");
    await journal[Symbol.asyncDispose]();
  }
}

process.on("exit", removeTemporaryFolders);
const machine = describeMachine();
await inMemory();
await onDisk();
const text = `# The journal of events

<!-- Written by \`make bench\`. -->

${new Date().toISOString().slice(0, 10)} · ${machine}

${THINGS} Things report one property each ten seconds for ${HOURS} hours: temperatures to 0.1, humidities to 1 and powers to 0.01,
each a random walk, with some 20 ms of jitter. Every reading goes over the bus of the house; what it costs without a
journal is taken off.

${table(["", ""], rows)}
`;
console.log(`\n${text}`);
if (quick) console.log("QUICK: docs/reference/event-journal.md was left alone.");
else writeFileSync(join(root, "docs/reference/event-journal.md"), text);
