import { median } from "../statistics.ts";
import { BenchHouse, programOf, ruleText, thingId } from "./house.ts";

export interface Scale {
  /** Microseconds of one reading that one rule watches, with that many others which watch something else. */
  readonly costUs: ReadonlyMap<number, number>;
  /** Median of the ratios of rounds that were measured in turns. */
  readonly ratio: number;
  /** Evaluations of a rule by a reading that changes nothing. */
  readonly evaluationsPerSecond: number;
  /** Firings with conditions, an expression, an effect and a delay. */
  readonly firingsPerSecond: number;
  readonly bytesPerRule: number;
  readonly compileMsPerThousand: number;
}

const FEW = 100;
const MANY = 10_000;

/** @param rounds interleaved. @param readings in each. */
export function measureScale(rounds: number, readings: number): Scale {
  // The rule that matches watches Thing 0; the others all the rest.
  const rules = (count: number) => [
    ruleText(0),
    ...Array.from({ length: count }, (_, index) => ruleText(index + 1, { watches: (index % 990) + 5 })),
  ];
  const began = performance.now();
  const many = new BenchHouse(programOf(rules(MANY)));
  const compileMsPerThousand = (performance.now() - began) / (MANY / 1_000);
  const few = new BenchHouse(programOf(rules(FEW)));
  const ratios: number[] = [];
  const costs = { few: [] as number[], many: [] as number[] };
  const evaluations: number[] = [];
  const firings: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [a, b] = round % 2 === 0 ? [few, many] : [many, few];
    const first = readingUs(a, readings);
    const second = readingUs(b, readings);
    const [fewUs, manyUs] = a === few ? [first, second] : [second, first];
    costs.few.push(fewUs);
    costs.many.push(manyUs);
    ratios.push(manyUs / fewUs);
    evaluations.push(1e6 / manyUs);
    firings.push(firingsPerSecond(few, readings / 20));
  }
  return {
    costUs: new Map([
      [FEW, median(costs.few)],
      [MANY, median(costs.many)],
    ]),
    ratio: median(ratios),
    evaluationsPerSecond: median(evaluations),
    firingsPerSecond: median(firings),
    bytesPerRule: bytesPerRule(),
    compileMsPerThousand,
  };
}

/** Readings below the threshold: the rule looks, and does not fire. */
function readingUs(house: BenchHouse, readings: number): number {
  const thing = thingId(0);
  const began = performance.now();
  for (let index = 0; index < readings; index++) house.report(thing, "values/v0", index % 25);
  return ((performance.now() - began) * 1_000) / readings;
}

/** Up, down, and the delay of ten minutes over before the next. */
function firingsPerSecond(house: BenchHouse, count: number): number {
  const thing = thingId(0);
  house.report(thingId(1), "values/v5", 50);
  let effects = 0;
  const began = performance.now();
  for (let index = 0; index < count; index++) {
    effects += house.report(thing, "values/v0", 40);
    house.report(thing, "values/v0", 10);
    house.advance(600_000);
  }
  const tookMs = performance.now() - began;
  if (effects !== count) throw new Error(`${effects} effects of ${count}`);
  return (count * 1_000) / tookMs;
}

/** What 10,000 idle rules keep in the heap, their texts included; needs `--expose-gc`. */
function bytesPerRule(): number {
  const collect = globalThis.gc;
  if (collect === undefined) return Number.NaN;
  const heap = () => {
    for (let time = 0; time < 4; time++) collect();
    const { external, heapUsed } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = heap();
  const house = new BenchHouse(programOf(Array.from({ length: MANY }, (_, index) => ruleText(index))));
  const after = heap();
  if (house.underWay("rule-0") !== 0) throw new Error("not idle");
  return (after - before) / MANY;
}
