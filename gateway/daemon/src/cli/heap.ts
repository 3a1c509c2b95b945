import { totalmem } from "node:os";

const MB = 1_048_576;

/** Below this the gateway does not even start; above it, V8 would need options of its own. In MB. */
const HEAP_RANGE_MB = { least: 32, most: 4_096 } as const;

/**
 * On OpenWrt this is the option `service.heap_mb`. Spelled out, as in the launcher: this file runs before the process
 * starts itself again, and the protocol's door would bring all schemas along.
 */
const HEAP_VARIABLE = "TRAM_HEAP_MB";

/**
 * What a thread of the compiler used is given back where it ends: from another thread it stays with the process, 12 MB
 * once a thousand clients have come. A V8 without this compiler (Maglev) takes the option all the same.
 */
const ENDS_JOBS_AT_ONCE = "--no-maglev-destroy-on-background";
/** Tried with Node 22.23 and 24. A later one that knows it no more would not start. */
const KNOWN_UP_TO_NODE = 24;

/**
 * The GNU C library gives each thread that allocates a pool of its own, of which none is ever given back whole: 8 MB in a
 * large house, for a lock that is hardly contended here. musl, on OpenWrt, has one pool anyway. `mallopt(3)`, M_ARENA_MAX.
 */
const ONE_ARENA = { MALLOC_ARENA_MAX: "1" } as const;

/**
 * Options of V8 for the memory of a machine. V8's own defaults grow with it and are meant for servers: on a router they
 * take what the rest of the house needs.
 * @param memoryBytes what this process may use: the machine's memory, or its cgroup's.
 * @param chosenOldMb the old generation as somebody wants it, in MB; the rest still follows the memory.
 * @param node version of Node, `24.1.0`.
 */
export function heapFlags(
  memoryBytes: number,
  chosenOldMb?: number,
  node = process.versions.node,
): readonly string[] {
  const memoryMb = memoryBytes / MB;
  // The young generation is what grows under load. Smaller costs CPU (about a sixth at 1 MB), larger costs memory.
  const youngMb = memoryMb < 1_024 ? 1 : 2;
  const oldMb = chosenOldMb ?? Math.round(Math.min(512, Math.max(64, memoryMb / 4)));
  const flags = [`--max-semi-space-size=${youngMb}`, `--max-old-space-size=${oldMb}`];
  if (Number.parseInt(node, 10) <= KNOWN_UP_TO_NODE) flags.push(ENDS_JOBS_AT_ONCE);
  // Where memory is scarce, a sixth more CPU buys half of what is not Node's own.
  return memoryMb < 512 ? [...flags, "--optimize-for-size"] : flags;
}

/**
 * The old generation that the environment asks for (`TRAM_HEAP_MB`), in MB.
 * @returns undefined when it asks for none, or the sentence that tells what is wrong with it.
 */
export function chosenHeapMb(
  environment: Readonly<Record<string, string | undefined>>,
): number | undefined | string {
  const text = environment[HEAP_VARIABLE];
  if (text === undefined || text === "") return undefined;
  const { least, most } = HEAP_RANGE_MB;
  const heapMb = Number(text);
  if (/^\d{1,5}$/.test(text) && heapMb >= least && heapMb <= most) return heapMb;
  return `environment: ${HEAP_VARIABLE}: expected a whole number from ${least} to ${most}, found ${JSON.stringify(text.slice(0, 80))}`;
}

/**
 * Starts this very process again with a bounded heap, in place: same pid, same files. Returns when that is done
 * already, when somebody set limits of their own, or where the system cannot (then V8's defaults stay). Ends the
 * process with exit code 2 when the environment asks for a heap that cannot be.
 */
export function boundHeap(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  if (/--max[-_](?:semi|old)[-_]space/.test(given) || typeof process.execve !== "function") return;
  const chosen = chosenHeapMb(process.env);
  if (typeof chosen === "string") {
    process.stderr.write(`tram: ${chosen}\n`);
    process.exit(2);
  }
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  const [script = "", ...args] = process.argv.slice(1);
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, ...heapFlags(memory, chosen), script, ...args],
    { ...ONE_ARENA, ...process.env },
  );
}
