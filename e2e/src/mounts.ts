import { spawnSync } from "node:child_process";
import { type GatewayHandle, Process, startGateway } from "./processes.ts";

/** Why disks cannot be mounted here; false when they can. */
export function mountsMissing(): string | false {
  const problem = whyNoMounts();
  if (problem !== false && process.env.CI === "true") throw new Error(problem);
  return problem;
}

function whyNoMounts(): string | false {
  if (process.getuid?.() !== 0) return "only root may mount a disk";
  const mount = spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"], { encoding: "utf8" });
  return mount.status === 0 ? false : `mount namespaces are not permitted here: ${mount.stderr}`;
}

/** A mount namespace with disks of its own. It lasts as long as this object; gateways come and go in it. */
export class Disks implements AsyncDisposable {
  readonly #keeper: Process;

  private constructor(keeper: Process) {
    this.#keeper = keeper;
  }

  /** @param script shell commands that mount. */
  static async mount(script: string): Promise<Disks> {
    const keeper = new Process("unshare", [
      "-m",
      "sh",
      "-c",
      `set -e\n${script}\necho mounted\nexec sleep 600`,
    ]);
    await keeper.until("the disks", ({ stdout }) => (stdout.includes("mounted\n") ? true : undefined));
    return new Disks(keeper);
  }

  /** Runs shell commands among these disks. */
  run(script: string): string {
    const [command = "", ...args] = [...this.#enter, "sh", "-ec", script];
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${script}: ended with ${status}: ${stderr}`);
    return stdout;
  }

  gateway(config: string, environment: Record<string, string> = {}): Promise<GatewayHandle> {
    return startGateway(config, environment, this.#enter);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper.end("SIGKILL");
  }

  get #enter(): string[] {
    return ["nsenter", "-t", String(this.#keeper.child.pid), "-m", "--"];
  }
}
