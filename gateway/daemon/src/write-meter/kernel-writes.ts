import { readFileSync, statfsSync } from "node:fs";

/**
 * What this process has sent to storage since it began, as the kernel counts: `write_bytes` less `cancelled_write_bytes`
 * of proc_pid_io(5). Whole pages, of every file on a disk and of no file in memory.
 * @returns undefined where the kernel does not count (OpenWrt's is built without CONFIG_TASK_IO_ACCOUNTING).
 */
export function kernelWrites(read: () => string = readOwn): number | undefined {
  let text: string;
  try {
    text = read();
  } catch {
    return undefined; // No such file: the kernel does not count.
  }
  const written = /^write_bytes: (\d+)$/m.exec(text)?.[1];
  const cancelled = /^cancelled_write_bytes: (\d+)$/m.exec(text)?.[1] ?? "0";
  return written === undefined ? undefined : Number(written) - Number(cancelled);
}

function readOwn(): string {
  return readFileSync("/proc/self/io", "utf8");
}

/** statfs(2): the types of file systems that are memory. */
const MEMORY_TYPES = new Set([0x01021994, 0x858458f6]);

/** Whether what is written into a folder stays in memory (tmpfs, ramfs). */
export function isInMemory(folder: string): boolean {
  try {
    return MEMORY_TYPES.has(statfsSync(folder).type);
  } catch {
    return false; // What cannot be looked at may be a disk.
  }
}

/** Size of the file system of a folder, in bytes; undefined when it cannot be looked at. */
export function mediumBytes(folder: string): number | undefined {
  try {
    const { blocks, bsize } = statfsSync(folder);
    return blocks * bsize;
  } catch {
    return undefined;
  }
}
