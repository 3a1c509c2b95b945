import { setTimeout as sleep } from "node:timers/promises";
import { kernelWrites } from "../../gateway/daemon/src/write-meter/kernel-writes.ts";
import { freePort } from "../child-processes.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Cloud } from "./cloud.ts";
import { countRowsIn, openGateway, rowsCountedIn } from "./gateway.ts";

/** Time runs so many times as fast: more messages a second, and as much shorter the window of the store. */
const FASTER = 20;
const WINDOW_MS = 60_000;
const TURN_MS = 10;
const MEMORY = "/dev/shm";
const THINGS = 100;

export interface Offline {
  readonly messages: number;
  /** Of a message, by the store's meter, in bytes. */
  readonly metered: number;
  /** The same as the kernel counted; undefined where it does not. */
  readonly kernel: number | undefined;
}

/** What a queued message costs while nobody answers, at 100 a second. @param minutes of the faster time. */
export async function offline(minutes: number): Promise<Offline> {
  using folder = temporaryFolder("bench-bridge");
  using journal = temporaryFolder("bench-bridge", MEMORY);
  const gateway = await openGateway({
    folder: folder.path,
    journalFolder: journal.path,
    port: await freePort(),
    syncWindowMs: WINDOW_MS / FASTER,
  });
  const messages = minutes * 60 * 100;
  await gateway.tell("warm-up", 0);
  const [metered, kernel] = [gateway.metered(), kernelWrites()];
  await speak(messages, 100 * FASTER, (number) => gateway.tell(`thing-${number % THINGS}`, number));
  // What is in the journal alone is written too.
  await gateway[Symbol.asyncDispose]();
  const after = kernelWrites();
  return {
    messages,
    metered: (gateway.metered() - metered) / messages,
    kernel: kernel === undefined || after === undefined ? undefined : (after - kernel) / messages,
  };
}

export interface Online {
  readonly messages: number;
  /** Rows that ever reached the database. */
  readonly written: number;
}

/** How many messages reach the flash at all while the cloud answers, at 10 a second. @param minutes as above. */
export async function online(minutes: number): Promise<Online> {
  using folder = temporaryFolder("bench-bridge");
  using journal = temporaryFolder("bench-bridge", MEMORY);
  await using cloud = await Cloud.open();
  const options = {
    folder: folder.path,
    journalFolder: journal.path,
    port: cloud.port,
    syncWindowMs: WINDOW_MS / FASTER,
  };
  await (await openGateway(options))[Symbol.asyncDispose]();
  countRowsIn(folder.path);
  const gateway = await openGateway(options);
  while (gateway.bridge.status().state !== "online") await sleep(TURN_MS);
  const messages = minutes * 60 * 10;
  await speak(messages, 10 * FASTER, (number) => gateway.tell(`thing-${number % THINGS}`, number));
  while (gateway.bridge.status().queued > 0) await sleep(TURN_MS);
  await gateway[Symbol.asyncDispose]();
  return { messages, written: rowsCountedIn(folder.path) };
}

/** Says messages at a pace. @param perSecond on average; a slow machine catches up. */
async function speak(
  messages: number,
  perSecond: number,
  say: (number: number) => Promise<void>,
): Promise<void> {
  const startedAt = performance.now();
  const pending: Promise<void>[] = [];
  for (let said = 0; said < messages; ) {
    const due = Math.min(messages, Math.ceil(((performance.now() - startedAt) / 1_000) * perSecond));
    for (; said < due; said++) pending.push(say(said));
    await Promise.all(pending.splice(0));
    await sleep(TURN_MS);
  }
}
