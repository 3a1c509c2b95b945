import { existsSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { heapFlags } from "../../gateway/daemon/src/cli/heap.ts";
import { PRODUCT_SETTINGS } from "../../scripts/bundle.ts";
import { ROUTER_LIMITS } from "../../testkit/src/router-box.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { type Contestant, spawnIn } from "./contestant.ts";
import type { HostOptions } from "./host-options.ts";

/** In memory, as on a router. */
const MEMORY = "/dev/shm";

export interface NodeBrokers {
  readonly tram: Contestant;
  readonly aedes: Contestant;
}

export interface NodeBrokersOptions {
  /** A folder that CPU profiles of Tram are written into. */
  readonly profiles?: string | undefined;
  /** Options of Node for Tram, to try them. */
  readonly flags?: readonly string[];
}

/** Tram's engine and aedes, bundled as the product is and with its limits for the heap. */
export async function nodeBrokers({ flags = [], profiles }: NodeBrokersOptions): Promise<NodeBrokers> {
  const folder = temporaryFolder("bench-hosts").path;
  await build({
    ...PRODUCT_SETTINGS,
    // Whoever looks into it wants to read names.
    minify: profiles === undefined && flags.length === 0,
    entryPoints: ["tram-host", "aedes-host"].map((name) => join(import.meta.dirname, `${name}.ts`)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  const profiling = profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
  return {
    tram: nodeBroker("Tram", join(folder, "tram-host.mjs"), [...profiling, ...flags]),
    aedes: nodeBroker("aedes", join(folder, "aedes-host.mjs")),
  };
}

function nodeBroker(name: string, program: string, flags: readonly string[] = []): Contestant {
  return {
    name,
    start: async ({ box, folder, keeping }) => {
      const memory = existsSync(MEMORY) ? temporaryFolder("bench-journal", MEMORY) : undefined;
      const options: HostOptions = { folder, journal: memory?.path ?? folder, strict: keeping === "power" };
      const heap = heapFlags(box === undefined ? totalmem() : ROUTER_LIMITS.memoryBytes);
      const child = spawnIn(box, process.execPath, [...heap, ...flags, program, JSON.stringify(options)]);
      child.process.once("exit", () => memory?.[Symbol.dispose]());
      await child.says(/^up \d+$/m);
      return { child, port: Number(/^up (\d+)$/m.exec(child.output)?.[1]) };
    },
  };
}
