import { join } from "node:path";
import type { RouterBox } from "../../testkit/src/router-box.ts";
import { Child } from "../child-processes.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { Outcome } from "./comparison.ts";
import type { Contestant, Started } from "./contestant.ts";
import type { Experiment } from "./experiment.ts";
import type { Figures, Order } from "./order.ts";

/** Nothing that is measured takes so long, not even with a fifth of a core. In milliseconds. */
const PATIENCE_MS = 180_000;
const LOAD = join(import.meta.dirname, "load.ts");

/** Starts a broker afresh, loads it, and ends it. A broker that cannot do it gives no figures, but ends nothing else. */
export async function measure(
  contestant: Contestant,
  { keeping, task }: Experiment,
  box: RouterBox | undefined,
): Promise<Outcome> {
  using folder = temporaryFolder("bench-broker");
  let started: Started | undefined;
  try {
    started = await contestant.start({ folder: folder.path, keeping, box });
    const figures = await load({ port: started.port, pid: started.child.pid, task });
    const { lost = 0 } = figures;
    return lost === 0 ? figures : `${lost} messages did not arrive`;
  } catch (error) {
    if (started?.child.hasEnded) return `the broker ended: ${lastWords(started.child.output)}`;
    return firstError(error);
  } finally {
    await started?.child.end();
  }
}

async function load(order: Order): Promise<Figures> {
  const child = new Child(process.execPath, [LOAD, JSON.stringify(order)]);
  try {
    await child.says(/^\{.*\}$/m, PATIENCE_MS);
    return JSON.parse(/^\{.*\}$/m.exec(child.output)?.[0] ?? "{}") as Figures;
  } finally {
    await child.end();
  }
}

/** Of all that a process wrote when it failed, the line that tells why. */
function firstError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (/^\w*Error: (.*)$/m.exec(text)?.[1] ?? text).slice(0, 200);
}

/** Why a process ended, as it said so: V8 puts its reason before a stack of its own. */
function lastWords(output: string): string {
  const fatal = /^FATAL ERROR: (.+)$/m.exec(output)?.[1];
  return fatal ?? output.trim().split("\n").at(-1) ?? "without a word";
}
