import type { HouseRound, HouseRounds } from "./house-round.ts";
import { table } from "./markdown-table.ts";
import { spread } from "./statistics.ts";

const MEGABYTE = 1_000_000;

interface Measure {
  readonly what: string;
  readonly limit?: number;
  readonly digits: number;
  readonly of: (round: HouseRound) => number;
}

const MEASURES: readonly Measure[] = [
  { what: "reading → bus, p99, ms", limit: 20, digits: 0, of: ({ busP99Ms }) => busP99Ms },
  { what: "reading → PUBACK, p50, ms", digits: 2, of: ({ p50Ms }) => p50Ms },
  { what: "reading → PUBACK, p99, ms", digits: 2, of: ({ p99Ms }) => p99Ms },
  { what: "CPU time per 1,000 readings, ms", digits: 0, of: ({ cpuPerThousandMs }) => cpuPerThousandMs },
  { what: "peak RSS, MB", limit: 150, digits: 1, of: ({ rssBytes }) => rssBytes / MEGABYTE },
  { what: "acknowledged, %", digits: 1, of: ({ acknowledged, sent }) => (100 * acknowledged) / sent },
];

/** Medians of rounds of a full house, with the smallest and the largest, beside what the design allows. */
export function houseTable({ boxed, here }: HouseRounds): string {
  const columns = typeof boxed === "string" ? [here] : [here, boxed];
  const rows = MEASURES.map(({ digits, limit, of, what }) => [
    what,
    ...columns.flatMap((rounds) => {
      const { max, median, min } = spread(rounds.map(of));
      const [middle, least, most] = [median, min, max].map((value) => value.toFixed(digits));
      const verdict = limit === undefined ? "" : median <= limit ? " met" : " missed";
      return `${least === most ? middle : `${middle} (${least}–${most})`}${verdict}`;
    }),
    limit === undefined ? "" : `≤ ${limit}`,
  ]);
  const heads = ["", "this machine", ...(columns.length > 1 ? ["a router's memory"] : []), "target"];
  const missing = typeof boxed === "string" ? `\n\nWith a router's memory: not measured, ${boxed}.` : "";
  return table(heads, rows) + missing;
}
