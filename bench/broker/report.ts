import { table } from "../markdown-table.ts";
import type { Spread } from "../statistics.ts";
import { isMet, ratiosOf, samplesOf, spreadOf, type Target } from "./comparison.ts";
import type { Measure } from "./experiment.ts";
import { AEDES, AGAIN, MOSQUITTO, type Result, TRAM } from "./results.ts";

export interface Report {
  readonly date: Date;
  readonly machine: string;
  /** Without limits, and in a router-like box: or why there was none. */
  readonly free: readonly Result[];
  readonly boxed: readonly Result[] | string;
}

const HEADS = ["", TRAM, MOSQUITTO, AEDES, "Tram ÷ mosquitto", "Target", ""];

/** The result as Markdown: it reads well in a terminal too. */
export function markdown({ date, machine, free, boxed }: Report): string {
  return `# The broker beside others

<!-- Written by \`make bench\`, or \`make bench-broker\` alone. -->

${date.toISOString().slice(0, 10)} · ${machine}

Medians, with the smallest and the largest in parentheses. In each round the brokers took turns, in another order each
time, each started afresh; a ratio is the median of the rounds' ratios. The versions are those that stand above, and
nothing is said about others.

${table(HEADS, free.flatMap(rowsOf))}
${problems(free)}
### Latency, round by round

${itself(free)}

## In a router-like box

${typeof boxed === "string" ? `Not measured: ${boxed}.` : inTheBox(boxed)}

## What was measured

One process plays all clients, another is the broker: the CPU time is the broker's alone (user and system, all its
threads). Everybody logs in with a password and may use what is below \`bench/\` alone, in every broker: mosquitto has a
password file and an access file, aedes the gateway's accounts in its hooks, and Tram's engine runs with what the gateway
puts behind it: accounts, rights, Homie, transactions and the SQLite store, its journal in memory. Both programs of Node are
bundled as the product is and have its limits for the heap. Mosquitto keeps nothing on the disk (\`persistence false\`) but in
the rows about somebody who is away, where it has Debian's setting: acknowledged at once, saved every 30 minutes. aedes
keeps everything in memory.

Topics of about 30 bytes, payloads of 33. Messages come in bursts of 20 to a write and no more than 1,000 are under way, so
that nobody has to queue without end or to drop. Every message is counted: a round in which one did not arrive counts for
nothing. "Kept for somebody away" are 100 publishers, a session that waits, and then its client, who must get all of it: Tram
has written each message before it acknowledges it; strict, it has synced it to the disk. "One by one" is one publisher with
one PUBLISH to a write, and one subscriber; each message is timed from there to here. A clean session costs less than one
that outlives its connection, so idle clients come both ways; 100 others came and went before them. The many subscriptions
are of 100 clients, half of them with a wildcard, and the messages go to a topic of each, one after the other.

Lifted for this: how fast one client of Tram may publish, and how much may wait in one session (Tram, mosquitto).
`;
}

function inTheBox(boxed: readonly Result[]): string {
  return `A control group with 160 MB of memory and 20 % of one core, for the broker alone.

${table(HEADS, boxed.flatMap(rowsOf))}
${problems(boxed)}
### Latency in the box, round by round

${itself(boxed)}`;
}

function rowsOf({ experiment, outcomes }: Result): string[][] {
  return experiment.measures.map((measure) => {
    const samples = (name: string): (number | undefined)[] =>
      samplesOf(outcomes.get(name) ?? [], measure.figure, measure.scale);
    const ratios = ratiosOf(samples(TRAM), samples(MOSQUITTO));
    const { target } = measure;
    const met = target === undefined ? undefined : isMet(target, samples(TRAM), ratios);
    return [
      measure.what,
      ...[TRAM, MOSQUITTO, AEDES].map((name) => shown(spreadOf(samples(name)), measure)),
      shown(spreadOf(ratios), { digits: 2 }),
      target === undefined ? "" : textOf(target),
      met === undefined ? "" : met ? "✓" : "✗",
    ];
  });
}

/** What a ratio is worth: mosquitto differs from mosquitto too. */
function itself(results: readonly Result[]): string {
  const rows = results
    .filter(({ experiment }) => experiment.peers === "others and mosquitto again")
    .flatMap(({ experiment, outcomes }) =>
      experiment.measures.map(({ what, figure }) => {
        const [theirs, ...others] = [MOSQUITTO, TRAM, AEDES, AGAIN].map((name) =>
          samplesOf(outcomes.get(name) ?? [], figure),
        );
        return [
          what,
          ...others.map((other) => shown(spreadOf(ratiosOf(other, theirs ?? [])), { digits: 2 })),
        ];
      }),
    );
  return table(["", "Tram ÷ mosquitto", "aedes ÷ mosquitto", "mosquitto ÷ itself"], rows);
}

/** Rounds that gave no figures, each kind once. */
function problems(results: readonly Result[]): string {
  const lines = new Set(
    results.flatMap(({ experiment, outcomes }) =>
      [...outcomes].flatMap(([name, rounds]) =>
        rounds.flatMap((outcome) =>
          typeof outcome === "string" ? [`- ${name}, ${experiment.name}: ${outcome}`] : [],
        ),
      ),
    ),
  );
  return lines.size === 0 ? "" : `\nRounds that gave nothing:\n\n${[...lines].join("\n")}\n`;
}

function textOf(target: Target): string {
  if ("timesMosquitto" in target) return `≤ ${target.timesMosquitto} × mosquitto`;
  return "atMost" in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast.toLocaleString("en")}`;
}

function shown(found: Spread | undefined, { digits }: Pick<Measure, "digits">): string {
  if (found === undefined) return "—";
  const text = (value: number): string =>
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const { median, min, max } = found;
  return min === max ? text(median) : `${text(median)} (${text(min)}–${text(max)})`;
}
