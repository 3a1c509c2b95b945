import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child, freePort } from "../child-processes.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const GIVE_UP_MS = 30_000;
const TRY_EVERY_MS = 5;

/** Debian's mosquitto with a configuration of its own. */
export class Cloud implements AsyncDisposable {
  readonly port: number;
  readonly #folder: ReturnType<typeof temporaryFolder>;
  #child: Child | undefined;

  /** @param lines more of its configuration. `on`: where it keeps what waits, if anywhere. */
  static async open(lines: readonly string[] = [], on?: number): Promise<Cloud> {
    const cloud = new Cloud(on ?? (await freePort()), lines);
    await cloud.start();
    return cloud;
  }

  private constructor(port: number, lines: readonly string[]) {
    this.port = port;
    this.#folder = temporaryFolder("bench-cloud");
    const usual = [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      "set_tcp_nodelay true",
      "log_dest stderr",
      "log_type error",
      // One that is away is told everything later, however much it is.
      "max_queued_messages 0",
      "max_queued_bytes 0",
      `persistence_location ${this.#folder.path}/`,
      ...(process.getuid?.() === 0 ? ["user root"] : []),
    ];
    writeFileSync(join(this.#folder.path, "mosquitto.conf"), `${[...usual, ...lines].join("\n")}\n`);
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const child = new Child("mosquitto", ["-c", join(this.#folder.path, "mosquitto.conf")]);
    this.#child = child;
    const until = performance.now() + GIVE_UP_MS;
    while (!(await answers(this.port))) {
      if (performance.now() > until || child.hasEnded)
        throw new Error(`mosquitto does not listen: ${child.output}`);
      await sleep(TRY_EVERY_MS);
    }
  }

  /** Bytes that it has sent to storage, by the kernel's count. */
  get written(): number {
    return writtenBy(this.#child?.pid);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.process.kill("SIGKILL");
    while (child?.hasEnded === false) await sleep(TRY_EVERY_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.end();
    this.#folder[Symbol.dispose]();
  }
}

/** Bytes that a process has sent to storage so far, by the kernel's count; 0 for one that is gone. */
export function writtenBy(pid: number | undefined): number {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
