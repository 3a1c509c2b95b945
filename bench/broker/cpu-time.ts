import { readdirSync, readFileSync } from "node:fs";
import { cpuMs } from "../process-usage.ts";

const NS_PER_US = 1_000;
const US_PER_MS = 1_000;

/**
 * CPU time that the threads of a process have used so far, in microseconds. The kernel's sum for each thread, which is
 * what it scales user and system time of `stat` to; there it is rounded to 10 ms.
 */
export function cpuMicroseconds(pid: number): number {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    }
    return nanoseconds / NS_PER_US;
  } catch {
    return cpuMs([pid]) * US_PER_MS; // A kernel without it, or a thread that has just ended.
  }
}
