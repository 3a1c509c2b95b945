import { totalmem } from "node:os";

const MB = 1_048_576;

/**
 * Limits of V8's heap for a machine. V8's own defaults grow with the memory of the machine and are meant for servers:
 * on a router they take what the rest of the house needs.
 * @param memoryBytes what this process may use: the machine's memory, or its cgroup's.
 */
export function heapFlags(memoryBytes: number): readonly string[] {
  const memoryMb = memoryBytes / MB;
  // The young generation is what grows under load. Smaller costs CPU (about a sixth at 1 MB), larger costs memory.
  const youngMb = memoryMb < 1_024 ? 1 : 2;
  const oldMb = Math.round(Math.min(512, Math.max(64, memoryMb / 4)));
  const flags = [`--max-semi-space-size=${youngMb}`, `--max-old-space-size=${oldMb}`];
  // Where memory is scarce, a sixth more CPU buys half of what is not Node's own.
  return memoryMb < 512 ? [...flags, "--optimize-for-size"] : flags;
}

/**
 * Starts this very process again with a bounded heap, in place: same pid, same files. Returns when that is done
 * already, when somebody set limits of their own, or where the system cannot (then V8's defaults stay).
 */
export function boundHeap(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  if (/--max[-_](?:semi|old)[-_]space/.test(given) || typeof process.execve !== "function") return;
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  const [script = "", ...args] = process.argv.slice(1);
  process.execve(process.execPath, [
    process.execPath,
    ...process.execArgv,
    ...heapFlags(memory),
    script,
    ...args,
  ]);
}
