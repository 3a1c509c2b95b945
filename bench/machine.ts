import { closeSync, fdatasyncSync, openSync, statfsSync, writeSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "./child-processes.ts";
import { type Memory, memory } from "./process-usage.ts";
import { median } from "./statistics.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A Node has started by then. */
const EMPTY_NODE_MS = 1_000;
const SYNCS = 50;
const PAGE_BYTES = 4_096;
const GIGABYTE = 1_000_000_000;
/** statfs(2): the type of tmpfs, on which nothing needs syncing. */
const TMPFS = 0x01021994;

/** The machine in one line, with what its disk takes for a sync: a rule's decision waits for one. */
export function describeMachine(): string {
  const [first] = cpus();
  const { fileSystem, syncMs } = diskOf();
  return [
    `${first?.model.trim() ?? process.arch}, ${cpus().length} cores`,
    `${(totalmem() / GIGABYTE).toFixed(1)} GB`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    `${fileSystem}: fdatasync of 4 kB in place ${syncMs.toFixed(2)} ms (median of ${SYNCS})`,
  ].join(" · ");
}

function diskOf(): { fileSystem: string; syncMs: number } {
  using folder = temporaryFolder("bench-disk");
  const file = openSync(join(folder.path, "sync"), "w");
  const page = Buffer.alloc(PAGE_BYTES, 1);
  const times: number[] = [];
  // In place, as in a write-ahead log that is used again: a file that grows also costs the file system's own journal.
  writeSync(file, page);
  fdatasyncSync(file);
  for (let count = 0; count < SYNCS; count++) {
    writeSync(file, page, 0, PAGE_BYTES, 0);
    const startedAt = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - startedAt);
  }
  closeSync(file);
  const fileSystem = statfsSync(folder.path).type === TMPFS ? "data on tmpfs" : "data on disk";
  return { fileSystem, syncMs: median(times) };
}

/** What a Node takes that does nothing. */
export async function memoryOfEmptyNode(): Promise<Memory> {
  const node = new Child(process.execPath, ["--eval", "setInterval(() => {}, 1e6)"]);
  await sleep(EMPTY_NODE_MS);
  const found = memory([node.pid]);
  await node.end();
  return found;
}
