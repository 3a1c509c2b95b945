import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { RouterBox } from "../../testkit/src/router-box.ts";
import { endAll } from "../child-processes.ts";
import { describeMachine } from "../machine.ts";
import { removeTemporaryFolders } from "../temporary-folder.ts";
import { type Outcome, samplesOf } from "./comparison.ts";
import type { Contestant } from "./contestant.ts";
import { type Experiment, experiments } from "./experiment.ts";
import { measure } from "./measure.ts";
import { mosquitto, mosquittoVersion } from "./mosquitto.ts";
import { nodeBrokers } from "./node-brokers.ts";
import { markdown } from "./report.ts";
import { AEDES, AGAIN, MOSQUITTO, type Result } from "./results.ts";
import { boxSizes, fullSizes, QUICK_SIZES, type Sizes } from "./sizes.ts";

/**
 * `make bench-broker`: Tram's engine, mosquitto and aedes do the same in turns. Environment: `ROUNDS` (default 5; 15 of
 * latency at least), `QUICK=1` for one short round that only shows that the benchmark works, `ONLY` (a part of the names of
 * experiments), `BOX=0` to leave out the router-like box, `PROFILE` (a folder: CPU profiles of Tram are written there),
 * `NODE_FLAGS` (options of Node for Tram, to try them). The document is left alone by all of them but `ROUNDS` and `BOX`.
 */
const root = resolve(import.meta.dirname, "../..");
const DOCUMENT = join(root, "docs/reference/broker-benchmarks.md");
const { BOX, NODE_FLAGS = "", ONLY = "", PROFILE, QUICK, ROUNDS } = process.env;
const flags = NODE_FLAGS.split(" ").filter((flag) => flag !== "");
const quick = QUICK === "1";
const rounds = Number(ROUNDS ?? 5);
if (!Number.isInteger(rounds) || rounds <= 0) {
  console.error(`ROUNDS: expected a whole number above 0, found ${ROUNDS}`);
  process.exit(2);
}

// Whatever ends the benchmark, nothing of it stays.
process.on("exit", () => {
  endAll();
  removeTemporaryFolders();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

const date = new Date();
const machine = describeMachine();
const version = mosquittoVersion();
if (version === undefined) console.log("mosquitto is not installed: nothing is compared with it.");
const { tram, aedes } = await nodeBrokers({ flags, profiles: PROFILE });
const everybody: readonly Contestant[] = [
  tram,
  ...(version === undefined ? [] : [mosquitto(MOSQUITTO), mosquitto(AGAIN)]),
  aedes,
];

function partakersOf({ peers }: Experiment): readonly Contestant[] {
  if (peers === "none") return [tram];
  return everybody.filter(({ name }) => name !== AGAIN || peers === "others and mosquitto again");
}

async function carryOut(experiment: Experiment, where: string, boxed: boolean): Promise<Result> {
  const partakers = partakersOf(experiment);
  const outcomes = new Map<string, Outcome[]>(partakers.map(({ name }) => [name, []]));
  for (let round = 0; round < experiment.rounds; round++) {
    // Nobody always comes first, or always after the same one.
    const first = round % partakers.length;
    for (const contestant of [...partakers.slice(first), ...partakers.slice(0, first)]) {
      const outcome = await inBox(boxed, (box) => measure(contestant, experiment, box));
      outcomes.get(contestant.name)?.push(outcome);
      console.log(
        `${where}${experiment.name}  ${round + 1}/${experiment.rounds}  ${contestant.name}: ${told(experiment, outcome)}`,
      );
    }
  }
  return { experiment, outcomes };
}

async function inBox<Value>(
  boxed: boolean,
  act: (box: RouterBox | undefined) => Promise<Value>,
): Promise<Value> {
  if (!boxed) return act(undefined);
  const box = RouterBox.open();
  if (typeof box === "string") throw new Error(box);
  using _closed = box;
  return await act(box);
}

function told({ measures }: Experiment, outcome: Outcome): string {
  if (typeof outcome === "string") return outcome;
  const figures = measures.map(({ figure, digits, scale }) =>
    samplesOf([outcome], figure, scale)[0]?.toFixed(digits),
  );
  return figures.join(" · ");
}

async function measureAll(sizes: Sizes, boxed: boolean): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const experiment of experiments(sizes)) {
    if (experiment.name.includes(ONLY)) results.push(await carryOut(experiment, boxed ? "box: " : "", boxed));
  }
  return results;
}

async function measureBox(): Promise<readonly Result[] | string> {
  if (BOX === "0") return "it was left out";
  const box = RouterBox.open();
  if (typeof box === "string") return box;
  box[Symbol.dispose]();
  return measureAll(quick ? QUICK_SIZES : boxSizes(rounds), true);
}

function versionOfAedes(): string {
  const from = createRequire(join(root, "gateway/daemon/package.json"));
  const main = from.resolve("aedes");
  const { version: found } = JSON.parse(readFileSync(join(dirname(main), "package.json"), "utf8")) as {
    version: string;
  };
  return found;
}

const free = await measureAll(quick ? QUICK_SIZES : fullSizes(rounds), false);
const boxed = await measureBox();
const versions = [
  ...(version === undefined ? [] : [`${MOSQUITTO} ${version}`]),
  `${AEDES} ${versionOfAedes()}`,
];
const text = markdown({ date, machine: [machine, ...versions].join(" · "), free, boxed });
console.log(`\n${text}`);
const whole = !quick && ONLY === "" && PROFILE === undefined && flags.length === 0;
if (!whole) console.log(`${DOCUMENT} was left alone.`);
else {
  mkdirSync(dirname(DOCUMENT), { recursive: true });
  writeFileSync(DOCUMENT, text);
}
process.exit(0);
