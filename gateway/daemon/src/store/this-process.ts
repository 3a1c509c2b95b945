import { readFileSync } from "node:fs";

/** Names a process for as long as the machine runs. */
export interface ProcessMark {
  /** The run of the machine; empty where the system does not tell. */
  readonly boot: string;
  readonly pid: number;
  /** When the process began, in the system's own words: ids of processes are used again. */
  readonly started: string;
}

let mark: ProcessMark | undefined;

export function thisProcess(): ProcessMark {
  mark ??= { boot: bootId(), pid: process.pid, started: startOf(process.pid) ?? "" };
  return mark;
}

/** True when another process with this mark is running now. */
export function isAlive({ boot, pid, started }: ProcessMark): boolean {
  if (pid === process.pid || boot !== thisProcess().boot) return false;
  const found = startOf(pid);
  return found !== undefined && found === started;
}

/** https://docs.kernel.org/admin-guide/sysctl/kernel.html#random */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

/** Field 22 of proc_pid_stat(5); nothing for one that has ended and is only remembered by its parent. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold anything; behind it stands the state, which is field 3.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
