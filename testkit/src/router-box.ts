import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The memory and the processor of a small router. */
export interface BoxLimits {
  /** Memory of all processes in the box with their page cache, in bytes. */
  readonly memoryBytes: number;
  /** Share of one core; 1 is one whole core. */
  readonly cpuShare: number;
}

/** DESIGN's router-like box: 160 MB and a fifth of one core. */
export const ROUTER_LIMITS: BoxLimits = { memoryBytes: 160 * 1_048_576, cpuShare: 0.2 };

const ROOT = "/sys/fs/cgroup";
/** Period of the processor's bandwidth control. In microseconds. */
const PERIOD_US = 100_000;
let boxes = 0;

/**
 * A control group that its processes cannot outgrow (cgroups(7), version 1 or 2). Its processes must have ended before
 * it is closed.
 */
export class RouterBox implements Disposable {
  readonly #folders: readonly string[];
  readonly #peak: string;

  private constructor(folders: readonly string[], peak: string) {
    this.#folders = folders;
    this.#peak = peak;
  }

  /** @returns the box, or why there can be none on this machine. */
  static open(limits: BoxLimits = ROUTER_LIMITS): RouterBox | string {
    const name = `tram-box-${process.pid}-${++boxes}`;
    try {
      return existsSync(join(ROOT, "memory/memory.limit_in_bytes"))
        ? RouterBox.#openV1(name, limits)
        : RouterBox.#openV2(name, limits);
    } catch (error) {
      return `control groups cannot be made here: ${(error as Error).message}`;
    }
  }

  static #openV1(name: string, { memoryBytes, cpuShare }: BoxLimits): RouterBox {
    const memory = join(ROOT, "memory", name);
    const cpu = join(ROOT, "cpu", name);
    const box = new RouterBox([memory, cpu], join(memory, "memory.max_usage_in_bytes"));
    try {
      for (const folder of [memory, cpu]) mkdirSync(folder);
      writeFileSync(join(memory, "memory.limit_in_bytes"), String(memoryBytes));
      writeFileSync(join(cpu, "cpu.cfs_period_us"), String(PERIOD_US));
      writeFileSync(join(cpu, "cpu.cfs_quota_us"), String(Math.round(PERIOD_US * cpuShare)));
    } catch (error) {
      box[Symbol.dispose]();
      throw error;
    }
    return box;
  }

  static #openV2(name: string, { memoryBytes, cpuShare }: BoxLimits): RouterBox {
    const folder = join(ROOT, name);
    const box = new RouterBox([folder], join(folder, "memory.peak"));
    try {
      writeFileSync(join(ROOT, "cgroup.subtree_control"), "+memory +cpu");
      mkdirSync(folder);
      writeFileSync(join(folder, "memory.max"), String(memoryBytes));
      writeFileSync(join(folder, "cpu.max"), `${Math.round(PERIOD_US * cpuShare)} ${PERIOD_US}`);
    } catch (error) {
      box[Symbol.dispose]();
      throw error;
    }
    return box;
  }

  /** Shell commands that put the shell, and whatever it executes, into the box. */
  get enter(): string {
    return this.#folders.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(" && ");
  }

  /** Most memory that was in use at once, page cache included. In bytes. */
  peakBytes(): number {
    return Number(readFileSync(this.#peak, "utf8"));
  }

  [Symbol.dispose](): void {
    for (const folder of this.#folders) {
      try {
        rmdirSync(folder);
      } catch {
        // It was never made, or a process of a test that failed is still in it: then it stays, and is empty soon.
      }
    }
  }
}
