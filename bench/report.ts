import type { HouseRounds } from "./house-round.ts";
import { houseTable } from "./house-table.ts";
import { table } from "./markdown-table.ts";
import type { Memory } from "./process-usage.ts";
import type { Round } from "./round.ts";
import { HOUSE_READINGS_PER_SECOND, READINGS_IN_THE_BOX, READINGS_PER_SECOND } from "./scenario.ts";
import { median, percentile, type Spread, spread } from "./statistics.ts";

/** What was measured of one system. Undefined where it was not measured. */
export interface Measured {
  readonly name: string;
  readonly rounds: readonly Round[];
  /** In milliseconds. */
  readonly coldStarts: readonly number[];
  /** Bytes of the program on the disk. */
  readonly programBytes: number;
}

/** What was measured inside a control group. */
export interface Boxed extends Measured {
  /** Most memory of the group, page cache included, in bytes. */
  readonly peakBytes: number;
}

export interface Results {
  readonly date: Date;
  readonly machine: string;
  readonly tram: Measured;
  /** Or why there is none. */
  readonly peer: Measured | string;
  /** Tram in a router-like box, or why there was none. */
  readonly box: Boxed | string;
  readonly fullHouse: HouseRounds;
  /** Memory of a Node that does nothing: what nobody can go below. */
  readonly emptyNode: Memory;
  /** Bytes of the first view of the web UI, brotli; undefined when it is not built. */
  readonly firstLoadBytes: number | undefined;
}

/** The load may be this late before its round is not to be trusted. In milliseconds. */
const LATE_MS = 5;
/** And may miss this share of the offered readings. */
const SHORTFALL = 0.02;

const FIRST_LOAD_LIMIT_KB = 60;

const MEGABYTE = 1_000_000;
const KILOBYTE = 1_000;

type Row = readonly [what: string, tram: string, target: string, peer: string, ratio: string];

interface Measure {
  readonly what: string;
  /** The budget of the design; the median must not be above. */
  readonly limit?: number;
  readonly digits: number;
  readonly samples: (measured: Measured) => readonly number[];
}

const MEASURES: readonly Measure[] = [
  {
    what: "reading → command, p50, ms",
    digits: 2,
    samples: ({ rounds }) => rounds.map((round) => commandMs(round, 0.5)),
  },
  {
    what: "reading → command, p99, ms",
    limit: 10,
    digits: 2,
    samples: ({ rounds }) => rounds.map((round) => commandMs(round, 0.99)),
  },
  {
    what: "reading → PUBACK, p50, ms",
    digits: 2,
    samples: ({ rounds }) => rounds.map(({ load }) => load.acknowledgedMs.p50),
  },
  {
    what: "reading → PUBACK, p99, ms",
    limit: 250,
    digits: 2,
    samples: ({ rounds }) => rounds.map(({ load }) => load.acknowledgedMs.p99),
  },
  {
    what: "CPU time per 1,000 readings, ms",
    digits: 0,
    samples: ({ rounds }) => rounds.map(({ cpuMs, load }) => (cpuMs * 1_000) / load.sent),
  },
  {
    what: "memory under this load, peak RSS, MB",
    digits: 1,
    samples: ({ rounds }) => rounds.map(({ loaded }) => loaded.peakRss / MEGABYTE),
  },
  {
    what: "memory idle with 100 Things, RSS, MB",
    limit: 70,
    digits: 1,
    samples: ({ rounds }) => rounds.map(({ idle }) => idle.rss / MEGABYTE),
  },
  {
    what: "memory idle with 100 Things, anonymous, MB",
    digits: 1,
    samples: ({ rounds }) => rounds.map(({ idle }) => idle.anonymous / MEGABYTE),
  },
  {
    what: "memory idle with 100 Things, PSS, MB",
    digits: 1,
    samples: ({ rounds }) => rounds.map(({ idle }) => idle.pss / MEGABYTE),
  },
  {
    what: "cold start → first rule fired, s",
    limit: 1.0,
    digits: 2,
    samples: ({ coldStarts }) => coldStarts.map((ms) => ms / 1_000),
  },
  {
    what: "program on disk without Node, MB",
    limit: 2,
    digits: 2,
    samples: ({ programBytes }) => [programBytes / MEGABYTE],
  },
];

const HEADS: Row = ["", "Tram", "Target", "Peer", "Tram ÷ peer"];

/** The result as Markdown: it reads well in a terminal too. */
export function markdown(results: Results): string {
  const { tram, peer } = results;
  const rows = MEASURES.map((measure) => rowOf(measure, tram, peer));
  if (results.firstLoadBytes !== undefined) {
    const kilobytes = results.firstLoadBytes / KILOBYTE;
    const target = verdict(`≤ ${FIRST_LOAD_LIMIT_KB}`, kilobytes <= FIRST_LOAD_LIMIT_KB);
    rows.push(["web UI, first load, brotli, kB", kilobytes.toFixed(1), target, "—", "—"]);
  }
  const rounds = [tram, peer, results.box].flatMap((one) => (typeof one === "string" ? [] : one.rounds));
  return `# Benchmarks

<!-- Written by \`make bench\`. -->

${results.date.toISOString().slice(0, 10)} · ${results.machine}

Peer: ${typeof peer === "string" ? `none, ${peer}` : peer.name}. Medians of
${tram.rounds.length} rounds and ${tram.coldStarts.length} starts, with the smallest and the largest in parentheses. Both systems were started
afresh for each round, and took turns.

${table(HEADS, rows)}

## In a router-like box

${boxTable(results.box)}

## A full house

${houseTable(results.fullHouse)}

1,000 Things with 10 properties each, at 100 connections, report ${HOUSE_READINGS_PER_SECOND.toLocaleString("en")} values a second together: retained, QoS 1.
It is on the bus when the event loop takes it: how long that waits is measured inside (\`bench/loop-waits.cjs\`).
A reading is acknowledged when it has been through the house and its unit is kept. A router's memory is a control group
of 160 MB with all of the processor: the gateway then keeps its heap as on a router. \`node bench/full-house.ts\`.

## What was measured

100 Things with an MQTT connection each reported ${READINGS_PER_SECOND.toLocaleString("en")} temperatures a second
together: retained, QoS 1, one message after the other rather than in bursts. 50 times a second one of them crossed 30 °C.
200 rules (two for each Thing) switch 10 relays, which confirm what they were told. One process plays all devices; it
takes the time from writing the reading to its socket until it has the command. Everybody has a password and may use
their own topics alone, in both systems.

In Node-RED each Thing has a branch of its own: MQTT in → switch → change → filter → MQTT out.

The systems do not promise the same. Before Tram acknowledges a reading or sends a command, it has written it to its
database, and before a command it has synced it to the disk. Mosquitto acknowledges at once and saves every 30
minutes; the rules of Node-RED forget where they were at each restart. Idle memory was read after all
Things had described themselves and were then silent. A cold start begins with a house that is known: the processes are
started, a Thing crosses its threshold as soon as the broker lets it in. The program of the peer is what npm installs.

RSS counts the pages of the Node program itself that were touched, whoever else uses them; anonymous memory is what a
process has made, and PSS divides what is shared. A Node that does nothing has ${megabytes(results.emptyNode.rss)} MB of RSS, of them
${megabytes(results.emptyNode.anonymous)} MB anonymous.

## Rounds

${table(ROUND_HEADS, rounds.map(roundRow))}

Loop delay, lag and burst are the load's own. A round whose load was late is marked and says less: delay or
lag above ${LATE_MS} ms at their 99th percentile, or less sent than offered.
`;
}

function boxTable(box: Boxed | string): string {
  if (typeof box === "string") return `Not measured: ${box}.`;
  const rows = MEASURES.map((measure): readonly string[] => rowOf(measure, box, "").slice(0, 3));
  rows.push(["most memory of the box, page cache included, MB", megabytes(box.peakBytes), ""]);
  return `${table(["", box.name, "Target"], rows)}

A control group with 160 MB of memory and 20 % of one core, ${READINGS_IN_THE_BOX} readings a second instead of
${READINGS_PER_SECOND.toLocaleString("en")}; all else is the same. The program sees the memory of its group and chooses its heap by it.`;
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}

function rowOf(measure: Measure, tram: Measured, peer: Measured | string): Row {
  const ours = spread(measure.samples(tram));
  const target =
    measure.limit === undefined ? "" : verdict(`≤ ${measure.limit}`, ours.median <= measure.limit);
  if (typeof peer === "string") return [measure.what, shown(ours, measure), target, "—", "—"];
  const theirs = spread(measure.samples(peer));
  const ratio = (ours.median / theirs.median).toFixed(2);
  return [measure.what, shown(ours, measure), target, shown(theirs, measure), ratio];
}

function verdict(target: string, met: boolean): string {
  return `${target} ${met ? "met" : "missed"}`;
}

function shown({ median: middle, min, max }: Spread, { digits }: Measure): string {
  const text = decimal(middle, digits);
  return min === max ? text : `${text} (${decimal(min, digits)}–${decimal(max, digits)})`;
}

/** What never came took for ever. */
export function decimal(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "∞";
}

const ROUND_HEADS = [
  "System",
  "offered /s",
  "sent /s",
  "acknowledged",
  "crossings",
  "missed",
  "unasked",
  "p50 ms",
  "p99 ms",
  "loop delay ms",
  "lag ms",
  "burst",
  "",
];

function roundRow(round: Round): readonly string[] {
  const { load } = round;
  return [
    round.system,
    String(round.perSecond),
    sentPerSecond(round).toFixed(0),
    `${((100 * load.acknowledged) / load.sent).toFixed(1)} %`,
    String(load.crossings),
    String(load.missed),
    String(load.unexpected),
    decimal(commandMs(round, 0.5), 2),
    decimal(commandMs(round, 0.99), 2),
    load.load.loopDelayP99Ms.toFixed(1),
    load.load.lagP99Ms.toFixed(1),
    String(load.load.largestBurst),
    isLate(round) ? "late" : "",
  ];
}

export function isLate(round: Round): boolean {
  const { loopDelayP99Ms, lagP99Ms } = round.load.load;
  return (
    Math.max(loopDelayP99Ms, lagP99Ms) > LATE_MS || sentPerSecond(round) < round.perSecond * (1 - SHORTFALL)
  );
}

/** A crossing that was never answered took for ever. */
export function commandMs({ load }: Round, share: number): number {
  const missed = Array.from({ length: load.missed }, () => Number.POSITIVE_INFINITY);
  return share === 0.5
    ? median([...load.commandMs, ...missed])
    : percentile([...load.commandMs, ...missed], share);
}

function sentPerSecond({ load }: Round): number {
  return (load.sent * 1_000) / load.windowMs;
}
