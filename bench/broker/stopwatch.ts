import { cpuMicroseconds } from "./cpu-time.ts";

export interface Lap {
  readonly ms: number;
  /** CPU time of the broker. */
  readonly cpuUs: number;
}

/** Takes the time, and what a process used of the CPU meanwhile. */
export function startStopwatch(pid: number): () => Lap {
  const startedAt = performance.now();
  const used = cpuMicroseconds(pid);
  return () => ({ ms: performance.now() - startedAt, cpuUs: cpuMicroseconds(pid) - used });
}
