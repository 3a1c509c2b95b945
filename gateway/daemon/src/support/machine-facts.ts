import { type Dirent, readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { arch, availableParallelism, freemem, loadavg, platform, release, totalmem, uptime } from "node:os";
import { join } from "node:path";
import { PRODUCT } from "@tram/protocol";

/** Files of `/proc` that tell how a machine and this process are. None has arguments or environments. */
const PROC = [
  "loadavg",
  "meminfo",
  "mounts",
  "net/dev",
  "pressure/cpu",
  "pressure/io",
  "pressure/memory",
  "self/io",
  "self/limits",
  "self/status",
  "uptime",
  "version",
] as const;

const LONGEST_PROC = 65_536;
const MOST_FILES = 2_000;

/** Versions and resources of this process and its machine. */
export function systemFacts(): object {
  return {
    product: PRODUCT,
    versions: process.versions,
    machine: {
      platform: platform(),
      release: release(),
      arch: arch(),
      cpus: availableParallelism(),
      uptimeS: Math.round(uptime()),
      loadavg: loadavg(),
      memoryBytes: totalmem(),
      freeBytes: freemem(),
    },
    process: {
      uptimeS: Math.round(process.uptime()),
      memory: process.memoryUsage(),
      resources: process.resourceUsage(),
      options: process.execArgv,
    },
  };
}

/** Room on the disk of the data folder, and what is in it: names, sizes and times, no content. */
export function diskFacts(data: string): object {
  const { bavail, bfree, blocks, bsize, ffree, files } = statfsSync(data);
  const found: { path: string; bytes: number; modified: string }[] = [];
  for (const path of below(data, "")) {
    if (found.length >= MOST_FILES) break;
    const { mtime, size } = statSync(join(data, path));
    found.push({ path, bytes: size, modified: mtime.toISOString() });
  }
  return {
    data,
    bytes: { all: blocks * bsize, free: bfree * bsize, ours: bavail * bsize },
    inodes: { all: files, free: ffree },
    files: found,
  };
}

/** @returns texts by name; what is not there is left out. */
export function procFacts(root = "/proc"): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const name of PROC) {
    try {
      texts.set(name, readFileSync(join(root, name), "utf8").slice(0, LONGEST_PROC));
    } catch {
      // Of another system, or an older kernel.
    }
  }
  return texts;
}

function* below(root: string, folder: string): Generator<string> {
  let entries: Dirent[];
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return; // Not this user's, or just gone.
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && entry.name !== "node_modules") yield* below(root, path);
  }
}
