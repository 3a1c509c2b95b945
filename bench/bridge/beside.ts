import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import mqtt from "mqtt";
import { Child, freePort } from "../child-processes.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Cloud, writtenBy } from "./cloud.ts";
import { askWatcher, type HeardKind, watch } from "./watching.ts";

/** One bridge through one outage. */
export interface Outage {
  readonly name: string;
  readonly messages: number;
  readonly lost: number;
  readonly twice: number;
  /** From the first that arrived to the last. */
  readonly drainMs: number;
  /** By the kernel's count. */
  readonly writtenBytes: number;
}

/** A bridge on the near side of the line. */
interface Near {
  readonly name: string;
  /** Takes so many messages; each is acknowledged, or kept, when this resolves. */
  take(messages: number): Promise<void>;
  /** `kill -9`, and start it again. */
  kill(): Promise<void>;
  /** Bytes that its processes have sent to storage. */
  written(): number;
  end(): Promise<void>;
}

/** Nothing new arrives for so long: that was all. In milliseconds. */
const QUIET_MS = 8_000;
const GIVE_UP_MS = 120_000;
const LOOK_EVERY_MS = 500;
const THINGS = 100;

/** The same outage for both: half of the messages, `kill -9` if that is wanted, the other half, then the line is there. */
export async function compare(messages: number, kills: boolean): Promise<readonly Outage[]> {
  const outages: Outage[] = [];
  for (const open of [openTram, openMosquitto]) outages.push(await outage(messages, kills, open));
  return outages;
}

async function outage(
  messages: number,
  kills: boolean,
  open: (port: number) => Promise<Near>,
): Promise<Outage> {
  await using far = await Cloud.open();
  const line = new Line(await freePort(), far.port);
  const watcher = await watch(far.port, ["tram/gw/#"]);
  const near = await open(line.port);
  try {
    await near.take(messages / 2);
    if (kills) await near.kill();
    await near.take(messages / 2);
    await line.open();
    const until = performance.now() + GIVE_UP_MS;
    let heard = await askWatcher(watcher);
    const unique = (): number => {
      const { count = 0, twice = 0 } = (kindsOf(heard)[0] ?? {}) as Partial<HeardKind>;
      return count - twice;
    };
    while (unique() < messages && performance.now() < until) {
      await sleep(LOOK_EVERY_MS);
      heard = await askWatcher(watcher);
      if (heard.last > 0 && Date.now() - heard.last > QUIET_MS) break;
    }
    const [kind] = kindsOf(heard);
    return {
      name: near.name,
      messages,
      lost: messages - unique(),
      twice: kind?.twice ?? 0,
      drainMs: heard.last - heard.first,
      writtenBytes: near.written(),
    };
  } finally {
    await near.end();
    await watcher.end();
    line.close();
  }
}

function kindsOf(heard: object): readonly HeardKind[] {
  return Object.values(heard).filter((each): each is HeardKind => typeof each === "object");
}

/** The line between them: not there at first. */
class Line {
  readonly port: number;
  readonly #to: number;
  #server: Server | undefined;

  constructor(port: number, to: number) {
    this.port = port;
    this.#to = to;
  }

  open(): Promise<void> {
    this.#server = createServer((near) => {
      const far = connect({ port: this.#to, host: "127.0.0.1", noDelay: true });
      near.setNoDelay(true);
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
    });
    return new Promise((resolve) => void this.#server?.listen(this.port, "127.0.0.1", resolve));
  }

  close(): void {
    this.#server?.close();
  }
}

async function openTram(port: number): Promise<Near> {
  const folder = temporaryFolder("bench-bridge");
  const journal = temporaryFolder("bench-bridge", "/dev/shm");
  let child: Child | undefined;
  let writtenBefore = 0;
  return {
    name: "Tram",
    take: async (messages) => {
      await child?.end();
      const parts = ["stay", folder.path, journal.path, port, messages].map(String);
      child = new Child(process.execPath, [
        "--conditions=source",
        join(import.meta.dirname, "drain-child.ts"),
        ...parts,
      ]);
      await child.says(/^told$/m);
    },
    kill: async () => {
      writtenBefore += writtenBy(child?.pid);
      child?.process.kill("SIGKILL");
      while (child?.hasEnded === false) await sleep(5);
    },
    written: () => writtenBefore + writtenBy(child?.pid),
    end: async () => {
      await child?.end();
      folder[Symbol.dispose]();
      journal[Symbol.dispose]();
    },
  };
}

async function openMosquitto(port: number): Promise<Near> {
  const near = await Cloud.open([
    "persistence true",
    "connection far",
    `address 127.0.0.1:${port}`,
    "topic # out 1",
    "cleansession false",
    "remote_clientid near",
    "notifications false",
    "try_private false",
    "restart_timeout 1 2",
    // As many as Tram has under way.
    "max_inflight_messages 100",
  ]);
  let writtenBefore = 0;
  let said = 0;
  return {
    name: "mosquitto's bridge",
    take: async (messages) => {
      const client = await mqtt.connectAsync({ host: "127.0.0.1", port: near.port, keepalive: 0 });
      for (let left = messages; left > 0; left -= 500) {
        const some = Array.from({ length: Math.min(500, left) }, () => said++);
        await Promise.all(
          some.map((number) => {
            const payload = {
              id: `m-${number}`,
              time: new Date().toISOString(),
              value: number,
              quality: "good",
            };
            const topic = `tram/gw/old-${number % THINGS}/air/temperature`;
            return client.publishAsync(topic, JSON.stringify(payload), { qos: 1 });
          }),
        );
      }
      await client.endAsync();
    },
    kill: async () => {
      writtenBefore += near.written;
      await near.kill();
      await near.start();
    },
    written: () => writtenBefore + near.written,
    end: () => near[Symbol.asyncDispose](),
  };
}
