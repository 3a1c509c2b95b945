import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BUNDLED_TRAM, bundleDaemon } from "../scripts/bundle.ts";
import { RouterBox } from "../testkit/src/router-box.ts";
import { endAll, freePort } from "./child-processes.ts";
import { coldStart } from "./cold-start.ts";
import { runHouseRounds } from "./house-round.ts";
import { describeMachine, memoryOfEmptyNode } from "./machine.ts";
import { findPeer } from "./peer-system.ts";
import { type Boxed, commandMs, decimal, isLate, type Measured, markdown } from "./report.ts";
import { furnish, type Round, type RoundPlan, runRound } from "./round.ts";
import { HOUSE_READINGS_PER_SECOND, READINGS_IN_THE_BOX, READINGS_PER_SECOND } from "./scenario.ts";
import { firstLoadBytes, folderBytes } from "./sizes.ts";
import type { System } from "./system.ts";
import { removeTemporaryFolders, temporaryFolder } from "./temporary-folder.ts";
import { tramSystem } from "./tram-system.ts";

/**
 * `make bench`: Tram and its peer do the same automation in turns. Environment: `ROUNDS` (default 3), `STARTS` (default
 * 5), `NODE_FLAGS` (options of Node for Tram, to try them), `QUICK=1` for one short round that only shows that the
 * benchmark works.
 */
const root = resolve(import.meta.dirname, "..");
const quick = process.env.QUICK === "1";
const rounds = count("ROUNDS", quick ? 1 : 3);
const starts = count("STARTS", quick ? 1 : 5);
const plan: RoundPlan = {
  perSecond: READINGS_PER_SECOND,
  ...(quick
    ? { idleMs: 1_000, warmUpMs: 1_000, measureMs: 2_000 }
    : { idleMs: 10_000, warmUpMs: 3_000, measureMs: 8_000 }),
};

// Whatever ends the benchmark, nothing of it stays.
process.on("exit", () => {
  endAll();
  removeTemporaryFolders();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

function count(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`${name}: expected a whole number above 0, found ${process.env[name]}`);
  process.exit(2);
}

async function measureStarts(systems: readonly System[]): Promise<Map<System, number[]>> {
  const houses = new Map<System, { folder: string; port: number }>();
  for (const system of systems) {
    const house = { folder: temporaryFolder("bench-start").path, port: await freePort() };
    await furnish(system, house.folder, house.port);
    houses.set(system, house);
  }
  const times = new Map<System, number[]>(systems.map((system) => [system, []]));
  for (let start = 0; start < starts; start++) {
    for (const [system, house] of houses) {
      const elapsedMs = await coldStart(system, house, start % 2 === 0);
      times.get(system)?.push(elapsedMs);
      console.log(`start ${start + 1}/${starts}  ${system.name}: ${(elapsedMs / 1_000).toFixed(2)} s`);
    }
  }
  return times;
}

async function measureRounds(systems: readonly System[], plan: RoundPlan): Promise<Map<System, Round[]>> {
  const done = new Map<System, Round[]>(systems.map((system) => [system, []]));
  for (let number = 0; number < rounds; number++) {
    for (const system of systems) {
      const round = await runRound(system, plan);
      done.get(system)?.push(round);
      const [p50, p99] = [commandMs(round, 0.5), commandMs(round, 0.99)];
      console.log(
        `round ${number + 1}/${rounds}  ${system.name}: p50 ${decimal(p50, 2)} ms, p99 ${decimal(p99, 2)} ms` +
          `${round.load.missed > 0 ? `, ${round.load.missed} missed` : ""}${isLate(round) ? ", the load was late" : ""}`,
      );
    }
  }
  return done;
}

const date = new Date();
const machine = describeMachine();
const emptyNode = await memoryOfEmptyNode();
const bundle = await bundleDaemon();
const flags = process.env.NODE_FLAGS?.split(" ").filter((flag) => flag !== "") ?? [];
const tram = tramSystem(BUNDLED_TRAM, flags);
const peer = findPeer();
if (typeof peer === "string") console.log(`No peer: ${peer}.`);
const systems = typeof peer === "string" ? [tram] : [tram, peer.system];
const startTimes = await measureStarts(systems);
const roundsDone = await measureRounds(systems, plan);

/** The same once more with the memory and the processor of a small router. */
async function measureBox(): Promise<Boxed | string> {
  const box = RouterBox.open();
  if (typeof box === "string") return box;
  using _closed = box;
  const boxed = tramSystem(BUNDLED_TRAM, flags, box);
  const starts = await measureStarts([boxed]);
  const done = await measureRounds([boxed], { ...plan, perSecond: READINGS_IN_THE_BOX });
  return { ...measured(boxed, bundle.totalBytes, starts, done), peakBytes: box.peakBytes() };
}

function measured(system: System, programBytes: number, starts = startTimes, done = roundsDone): Measured {
  return {
    name: system.name,
    rounds: done.get(system) ?? [],
    coldStarts: starts.get(system) ?? [],
    programBytes,
  };
}

const box = await measureBox();
if (typeof box === "string") console.log(`No box: ${box}.`);

const fullHouse = await runHouseRounds(
  rounds,
  { program: BUNDLED_TRAM, flags, seconds: quick ? 2 : 60, perSecond: HOUSE_READINGS_PER_SECOND },
  console.log,
);

const text = markdown({
  date,
  machine: [
    machine,
    ...(typeof peer === "string" ? [] : peer.versions),
    ...(flags.length > 0 ? [`Tram with ${flags.join(" ")}`] : []),
  ].join(" · "),
  tram: measured(tram, bundle.totalBytes),
  peer: typeof peer === "string" ? peer : measured(peer.system, folderBytes(peer.installed)),
  box,
  fullHouse,
  emptyNode,
  firstLoadBytes: firstLoadBytes(join(root, "gateway/web/dist")),
});
console.log(`\n${text}`);
if (quick) console.log("QUICK: docs/reference/benchmarks.md was left alone.");
else {
  mkdirSync(join(root, "docs/reference"), { recursive: true });
  writeFileSync(join(root, "docs/reference/benchmarks.md"), text);
}
process.exit(0);
