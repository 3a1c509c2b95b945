import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";

/** A file in PATH or where Debian keeps what only root is expected to start. */
function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/usr/bin"];
  return folders
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false; // Not here; the next folder may have it.
      }
    });
}

const PROGRAM = findProgram("mosquitto");

/**
 * Whether tests against mosquitto must be left out. On a CI machine its absence is an error instead: a test that never
 * runs proves nothing.
 */
export function mosquittoIsMissing(): boolean {
  if (PROGRAM !== undefined) return false;
  if (process.env.CI !== undefined) throw new Error("mosquitto is not installed, and CI must have it");
  console.warn("SKIPPED: mosquitto is not installed (Debian: apt install mosquitto)");
  return true;
}

export interface MosquittoOptions {
  /** Default: anybody may connect. */
  readonly account?: { readonly username: string; readonly password: string };
  /** More lines of the configuration. */
  readonly lines?: readonly string[];
  /** TLS with this certificate and key, in PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** What the client shows that sees everything, where the broker asks for certificates. */
  readonly identity?: { readonly certificate: string; readonly key: string };
}

/** A real mosquitto on a free loopback port, with a client that sees everything. */
export class Mosquitto implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #config: string;
  readonly #options: MosquittoOptions;
  #process: ReturnType<typeof spawn> | undefined;
  #watcher: MqttClient | undefined;
  #seen: { topic: string; payload: string }[] = [];
  #marks = 0;

  static async open(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const mosquitto = new Mosquitto(await freePort(), options);
    await mosquitto.start();
    return mosquitto;
  }

  private constructor(port: number, options: MosquittoOptions) {
    this.port = port;
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "cloud-bridge-"));
    this.#config = join(this.#folder, "mosquitto.conf");
    const lines = [`listener ${port} 127.0.0.1`, ...this.#access(), ...this.#tls(), ...(options.lines ?? [])];
    // As root it would change to a user who cannot read this folder.
    if (process.getuid?.() === 0) lines.push("user root");
    writeFileSync(this.#config, `${lines.join("\n")}\n`);
  }

  /** Starts it and waits until it answers and everything that is published is seen. */
  async start(): Promise<void> {
    if (PROGRAM === undefined) throw new Error("mosquitto is not installed");
    const child = spawn(PROGRAM, ["-c", this.#config], { stdio: "ignore" });
    this.#process = child;
    // A test that times out never disposes.
    const end = (): void => void child.kill("SIGKILL");
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    await untilListening(this.port, () => child.exitCode === null);
    this.#watcher = await this.#watch();
  }

  /** Ends it at once, as a power cut would. */
  async stop(): Promise<void> {
    this.#watcher?.end(true);
    this.#watcher = undefined;
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** Everything that was published and taken before this call, in order. */
  async received(): Promise<readonly { readonly topic: string; readonly payload: string }[]> {
    const watcher = this.#watcher;
    if (watcher === undefined) return this.#seen;
    // mosquitto hands messages on in the order in which it takes them: when the mark is back, all before it are here.
    const mark = `mark/${++this.#marks}`;
    const back = new Promise<void>((resolve) => {
      const look = (topic: string): void => {
        if (topic !== mark) return;
        watcher.off("message", look);
        resolve();
      };
      watcher.on("message", look);
    });
    await watcher.publishAsync(mark, "", { qos: 1 });
    await back;
    return this.#seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #watch(): Promise<MqttClient> {
    const { account, identity, tls } = this.#options;
    const watcher = await mqtt.connectAsync({
      host: "127.0.0.1",
      port: this.port,
      protocol: tls === undefined ? "mqtt" : "mqtts",
      reconnectPeriod: 0,
      rejectUnauthorized: false,
      ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
      ...account,
    });
    watcher.on("message", (topic, payload) => {
      if (!topic.startsWith("mark/")) this.#seen.push({ topic, payload: payload.toString() });
    });
    await watcher.subscribeAsync("#", { qos: 1 });
    return watcher;
  }

  #access(): readonly string[] {
    const { account } = this.#options;
    if (account === undefined) return ["allow_anonymous true"];
    const program = findProgram("mosquitto_passwd");
    if (program === undefined) throw new Error("mosquitto_passwd is not installed");
    const file = join(this.#folder, "passwords");
    execFileSync(program, ["-c", "-b", file, account.username, account.password]);
    return ["allow_anonymous false", `password_file ${file}`];
  }

  #tls(): readonly string[] {
    const { tls } = this.#options;
    if (tls === undefined) return [];
    const certificate = join(this.#folder, "certificate.pem");
    const key = join(this.#folder, "key.pem");
    writeFileSync(certificate, tls.certificate);
    writeFileSync(key, tls.key);
    return [`certfile ${certificate}`, `keyfile ${key}`];
  }
}

/** A port of the loopback that nobody uses. */
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

async function untilListening(port: number, alive: () => boolean): Promise<void> {
  while (alive()) {
    const socket = dial(port, "127.0.0.1");
    const answered = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (answered) return;
  }
  throw new Error("mosquitto ended at once");
}
