import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createServer } from "node:net";

/** Debian keeps daemons where a user's PATH does not look. */
const PATH = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;
/** A process that does not end by itself is killed. In milliseconds. */
const PATIENCE_MS = 5_000;
/** A process that has not said by then that it is ready never will. In milliseconds. */
const READY_WITHIN_MS = 60_000;
/** Output that is kept of a process, for the day it fails. In characters. */
const KEPT_OUTPUT = 4_000;

const alive = new Set<ChildProcess>();

/** A process that the benchmark started. None outlives it: see `endAll`. */
export class Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly #exited: Promise<void>;
  readonly #watchers = new Set<() => void>();
  #output = "";

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    const { NODE_OPTIONS: _inherited, ...environment } = process.env;
    this.process = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
      env: { ...environment, PATH, ...options.env },
    });
    alive.add(this.process);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
        for (const watcher of this.#watchers) watcher();
      });
    }
    this.#exited = new Promise((resolve) => {
      const ended = (): void => {
        alive.delete(this.process);
        for (const watcher of this.#watchers) watcher();
        resolve();
      };
      this.process.once("exit", ended);
      this.process.once("error", (error) => {
        this.#output += error.message;
        ended();
      });
    });
    this.pid = this.process.pid ?? 0;
  }

  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return !alive.has(this.process);
  }

  /** Resolves when the output matches; rejects when the process ends before, or does not say it in time. */
  async says(pattern: RegExp, withinMs = READY_WITHIN_MS): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(deadline);
        this.#watchers.delete(look);
        act();
      };
      const fail = (what: string): void =>
        settle(() => reject(new Error(`${this.process.spawnfile} ${what} ${pattern}: ${this.#output}`)));
      const look = (): void => {
        if (pattern.test(this.#output)) settle(resolve);
        else if (this.hasEnded) fail("ended before it said");
      };
      const deadline = setTimeout(() => fail("does not say"), withinMs);
      this.#watchers.add(look);
      look();
    });
  }

  /** Asks it to end, and sees to it. */
  async end(): Promise<void> {
    if (this.hasEnded) return;
    this.process.kill("SIGTERM");
    const patience = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE_MS);
    await this.#exited;
    clearTimeout(patience);
  }
}

/** Kills what is still alive: for the end of the benchmark, whatever the reason. */
export function endAll(): void {
  for (const child of alive) child.kill("SIGKILL");
}

/** A TCP port of loopback that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
