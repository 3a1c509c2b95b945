import { BUNDLED_TRAM, bundleDaemon } from "../scripts/bundle.ts";
import { endAll } from "./child-processes.ts";
import { runHouseRounds } from "./house-round.ts";
import { houseTable } from "./house-table.ts";
import { describeMachine } from "./machine.ts";
import { HOUSE_READINGS_PER_SECOND } from "./scenario.ts";
import { removeTemporaryFolders } from "./temporary-folder.ts";

/**
 * A house as large as one router may have: 1,000 Things with 10 properties each report 5,000 times a second. How long
 * until a reading has been through the house (it is acknowledged when its unit is kept), what that costs, and how much
 * memory it takes, here and with the memory of a small router. `node bench/full-house.ts`, after `make build`; `make bench`
 * has it too. Environment: `ROUNDS` (default 3), `SECONDS` of each (default 60: the memory fills for as long),
 * `PER_SECOND` (default 5,000), `NODE_FLAGS` (options of Node, to try them).
 */
const rounds = count("ROUNDS", 3);
const seconds = count("SECONDS", 60);
const perSecond = count("PER_SECOND", HOUSE_READINGS_PER_SECOND);
const flags = process.env.NODE_FLAGS?.split(" ").filter((flag) => flag !== "") ?? [];

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

await bundleDaemon();
const plan = { program: BUNDLED_TRAM, flags, seconds, perSecond };
const results = await runHouseRounds(rounds, plan, console.log);
console.log(`\n${describeMachine()}\n\n${houseTable(results)}\n\n${perSecond} readings a second.`);
process.exit(0);
