import { readdirSync, readFileSync } from "node:fs";
import { PRODUCT } from "@tram/protocol";

/** In the environment of each module's process: the data folder of its gateway. */
export const MODULE_OF = `${PRODUCT.environmentPrefix}_MODULE_OF`;

/**
 * Ends module processes that an earlier gateway of this data folder left behind. A child ends by itself when its
 * gateway is gone, unless it spins: then it never hears of it, and would spin for ever. Only one gateway can hold a
 * data folder, so whoever names it now is an orphan.
 * @param root where the system shows its processes (Linux: `/proc`); elsewhere nothing is found.
 * @returns the process ids that were ended.
 */
export function endOrphans(data: string, root = "/proc"): readonly number[] {
  const marker = `${MODULE_OF}=${data}`;
  const ended: number[] = [];
  for (const name of processNames(root)) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || !environmentOf(`${root}/${name}`).includes(marker))
      continue;
    try {
      process.kill(pid, "SIGKILL");
      ended.push(pid);
    } catch {
      // Gone in the meantime, or another user's: then it is not ours to end.
    }
  }
  return ended;
}

function processNames(root: string): readonly string[] {
  try {
    return readdirSync(root);
  } catch {
    return []; // Not Linux.
  }
}

function environmentOf(folder: string): readonly string[] {
  try {
    return readFileSync(`${folder}/environ`, "utf8").split("\0");
  } catch {
    return []; // Another user's process, or gone.
  }
}
