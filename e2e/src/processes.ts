import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;
export const TRAM = join(ROOT, "gateway/daemon/bin/tram.js");
/** Debian keeps daemons where a user's PATH does not look. */
const PATH = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;

/** A folder of the test's own, removed at the end. */
export function temporaryFolder(name: string): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), `tram-${name}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
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

/** A process that a test started; it is gone when the test is. */
export class Process implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = "";
  stderr = "";
  readonly #watchers = new Set<() => void>();

  constructor(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    // Nothing of the caller's own gateway or debugger reaches the processes of a test.
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(?:TRAM_|NODE_OPTIONS$)/.test(name)),
    );
    this.child = spawn(command, args, {
      env: { ...inherited, PATH, ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#tell();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#tell();
    });
    this.exited = new Promise((resolve) => {
      this.child.once("error", (error) => {
        this.stderr += error.message;
        resolve({ code: 127, signal: null });
      });
      this.child.once("close", (code, signal) => resolve({ code, signal }));
    });
    void this.exited.then(() => this.#tell());
  }

  /** Resolves when `find` finds something in what was written so far; rejects when the process ends before. */
  until<T>(what: string, find: (process: Process) => T | undefined, withinMs = 15_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        clearTimeout(deadline);
        this.#watchers.delete(look);
        act();
      };
      const describe = (): string =>
        `${what}\nstdout: ${this.stdout.slice(-2_000)}\nstderr: ${this.stderr.slice(-2_000)}`;
      const look = (): void => {
        const found = find(this);
        if (found !== undefined) done(() => resolve(found));
        else if (this.child.exitCode !== null || this.child.signalCode !== null) {
          done(() => reject(new Error(`ended while waiting for ${describe()}`)));
        }
      };
      const deadline = setTimeout(
        () => done(() => reject(new Error(`waited in vain for ${describe()}`))),
        withinMs,
      );
      this.#watchers.add(look);
      look();
    });
  }

  lines(): string[] {
    return this.stdout.split("\n").filter((line) => line !== "");
  }

  /** Sends a signal and waits for the end. */
  async end(
    signal: NodeJS.Signals = "SIGTERM",
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.exited;
  }

  /** Ends it in order, so that it can end its own children; what does not end so is killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const patience = setTimeout(() => this.child.kill("SIGKILL"), 5_000);
    await this.end("SIGTERM");
    clearTimeout(patience);
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

export interface GatewayHandle {
  readonly process: Process;
  readonly web: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly setupCode: string | undefined;
}

/** Starts the built gateway, as a user does, and waits until it says that it is up. */
export async function startGateway(
  configFile: string,
  environment: Record<string, string> = {},
  /** A command that starts what follows it, in its own place. */
  within: readonly string[] = [],
): Promise<GatewayHandle> {
  const [command = "", ...args] = [
    ...within,
    process.execPath,
    TRAM,
    "run",
    "--config",
    configFile,
    "--json",
  ];
  const process_ = new Process(command, args, environment);
  const line = await process_.until(
    "the gateway to be up",
    ({ stdout }) => /^\{"web".*\}$/m.exec(stdout)?.[0],
  );
  const { web, mqtt, setupCode } = JSON.parse(line) as { web: string; mqtt: string; setupCode?: string };
  return {
    process: process_,
    web,
    httpPort: Number(new URL(web).port),
    mqttPort: Number(new URL(mqtt).port),
    setupCode,
  };
}

/** Runs the CLI to its end. */
export async function tram(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using process_ = new Process(process.execPath, [TRAM, ...args], environment);
  const { code } = await process_.exited;
  return { code, stdout: process_.stdout, stderr: process_.stderr };
}

/** A house to test: a folder with a configuration, rules and data. Accounts: `probe` is a service, `eyes` a dashboard. */
export function house(
  folder: string,
  options: {
    rules?: string;
    /** Further options of `rules`: `, http_hosts: [localhost]`. */
    rulesConfig?: string;
    extra?: string;
    mqttPort?: number;
    httpPort?: number;
    accounts?: string;
  } = {},
): { config: string; data: string; rulesDir: string } {
  const rulesDir = join(folder, "rules");
  mkdirSync(rulesDir, { recursive: true });
  if (options.rules !== undefined) writeFileSync(join(rulesDir, "rules.yaml"), options.rules);
  const config = join(folder, "tram.yaml");
  writeFileSync(
    config,
    `gateway: { id: house, name: Test house, clock: trusted, timezone: UTC }
data: data
mqtt:
  host: 127.0.0.1
  port: ${options.mqttPort ?? 0}
  clients:
    - { username: probe, password: probe-password, role: service }
    - { username: eyes, password: eyes-password, role: dashboard }
${options.accounts ?? ""}
http: { host: 127.0.0.1, port: ${options.httpPort ?? 0} }
rules: { dir: rules${options.rulesConfig ?? ""} }
${options.extra ?? ""}
`,
  );
  return { config, data: join(folder, "data"), rulesDir };
}

/** Waits until something listens on a loopback port. */
export async function listening(port: number, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (performance.now() < end) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20)); // Polling a foreign process: it has no event for us.
  }
  throw new Error(`nothing listens on port ${port}`);
}
