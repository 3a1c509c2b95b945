import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Debian keeps daemons where a user's PATH does not look. */
const PATH = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;

/** Whether tests against mosquitto must be left out. On a CI machine its absence is an error instead. */
export function mosquittoIsMissing(): boolean {
  if (spawnSync("mosquitto", ["-h"], { env: { ...process.env, PATH } }).error === undefined) return false;
  if (process.env.CI !== undefined) throw new Error("mosquitto is not installed, and CI must have it");
  return true;
}

export interface MosquittoOptions {
  readonly account?: { readonly username: string; readonly password: string };
  /** Keep sessions and retained messages over restarts. */
  readonly persistence?: boolean;
  /** Certificate and key, as files. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  readonly lines?: readonly string[];
}

/** A real mosquitto on a port of loopback. */
export class Mosquitto implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "tram-mosquitto-"));
  #process: ChildProcess | undefined;

  static async open(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const mosquitto = new Mosquitto(await freePort(), options);
    await mosquitto.start();
    return mosquitto;
  }

  private constructor(port: number, { account, persistence = false, tls, lines = [] }: MosquittoOptions) {
    this.port = port;
    this.url = `${tls === undefined ? "mqtt" : "mqtts"}://127.0.0.1:${port}`;
    const passwords = join(this.#folder, "passwords");
    if (account !== undefined) {
      const { username, password } = account;
      execFileSync("mosquitto_passwd", ["-c", "-b", passwords, username, password], { stdio: "pipe" });
    }
    const config = [
      `listener ${port} 127.0.0.1`,
      account === undefined ? "allow_anonymous true" : `password_file ${passwords}`,
      ...(tls === undefined ? [] : [`certfile ${tls.certFile}`, `keyfile ${tls.keyFile}`]),
      ...(persistence ? ["persistence true", `persistence_location ${this.#folder}/`] : []),
      // As root it would change to a user who cannot read this folder.
      ...(process.getuid?.() === 0 ? ["user root"] : []),
      ...lines,
    ];
    writeFileSync(join(this.#folder, "mosquitto.conf"), `${config.join("\n")}\n`);
  }

  async start(): Promise<void> {
    const args = ["-c", join(this.#folder, "mosquitto.conf")];
    const child = spawn("mosquitto", args, { stdio: "ignore", env: { ...process.env, PATH } });
    this.#process = child;
    // A test that times out never disposes.
    const end = (): void => void child.kill("SIGKILL");
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    while (child.exitCode === null && !(await listens(this.port))) {
      await new Promise((resolve) => setTimeout(resolve, 10)); // Another process: it has no event for us.
    }
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
  }

  /** SIGTERM keeps what is to be persistent, SIGKILL is a crash. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A port of loopback that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function listens(port: number): Promise<boolean> {
  const socket = dial(port, "127.0.0.1");
  const answered = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  socket.destroy();
  return answered;
}
