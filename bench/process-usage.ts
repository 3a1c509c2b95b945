import { readFileSync } from "node:fs";

/** Linux counts CPU time in ticks of this length on every architecture (USER_HZ). In milliseconds. */
const TICK_MS = 10;
const KILOBYTE = 1_024;

/**
 * CPU time that processes have used so far with all their threads, and with their children that have ended.
 * In milliseconds, to 10 ms.
 */
export function cpuMs(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    // proc_pid_stat(5): the name is in parentheses and may hold spaces; utime, stime, cutime and cstime are 14 to 17.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  }
  return ticks * TICK_MS;
}

/** Memory of processes together, in bytes. */
export interface Memory {
  /** Resident now. */
  readonly rss: number;
  /** Resident at most since the start. */
  readonly peakRss: number;
  /** Of that, what is no page of a file: it cannot be dropped and read again when memory runs short. */
  readonly anonymous: number;
  /** Resident, with each shared page divided among those that share it: the measure that can be summed. */
  readonly pss: number;
}

export function memory(pids: readonly number[]): Memory {
  let [rss, peakRss, anonymous, pss] = [0, 0, 0, 0];
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    rss += field(status, "VmRSS");
    peakRss += field(status, "VmHWM");
    anonymous += field(status, "RssAnon");
    pss += field(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"), "Pss");
  }
  return { rss, peakRss, anonymous, pss };
}

function field(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  if (found === undefined) throw new Error(`expected ${name} in /proc, found none`);
  return Number(found) * KILOBYTE;
}
