import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildShimInto } from "../store/fixtures/build-shim.ts";
import { type DiskFile, LOSSES, readTape, TornDisk } from "../store/fixtures/disk-tape.ts";
import { seeded } from "../store/fixtures/seeded.ts";
import { temporaryFolder } from "../store/fixtures/temporary-folder.ts";
import { startBrokerHost } from "./fixtures/broker-host-process.ts";
import { CrashClient } from "./fixtures/crash-client.ts";
import { inspectBroker } from "./fixtures/inspect-broker.ts";
import { Promises, type Published, SESSION } from "./fixtures/promises.ts";

/** Messages of each publisher. */
const MESSAGES = 60;

// `kill -9` proves nothing about power: the kernel keeps what was written. So everything that a real broker does to its
// disk is recorded, and a broker opened on what a power cut at that moment could have left.
describe.runIf(process.platform === "linux")("a power cut", () => {
  const tools = temporaryFolder();
  let shim = "";
  beforeAll(() => {
    shim = buildShimInto(tools.folder);
  });
  afterAll(() => tools[Symbol.dispose]());

  test.each([
    ["costs nothing of QoS 2, of topics marked durable, and of sessions", false],
    ["costs nothing that was acknowledged, under `strict`", true],
  ])(
    "%s",
    async (_name, strict) => {
      using place = temporaryFolder();
      const env = {
        LD_PRELOAD: shim,
        SHIM_TAPE: join(place.folder, "tape"),
        // The journal is in memory, which a power cut empties.
        JOURNAL_FOLDER: tools.folder,
        CHECKPOINT_PAGES: "60",
        SYNC_WINDOW_MS: "30",
      };
      await using host = await startBrokerHost(place.file, { env, strict });
      const away = new CrashClient("away", { clean: false });
      await away.connect(host.port);
      for (const filter of ["plain/#", "alarm/#", "exact/#"]) await away.subscribe(filter, 2);
      away.disconnect();
      // From here on it is recorded what is promised; what was there is on the disk.
      const tape = env.SHIM_TAPE;
      const before = readTape(tape);
      const disk = new TornDisk(new Map<DiskFile, Buffer>());
      for (const event of before) disk.play(event);
      const published = await Promise.race([publishAll(host.port), host.failed]);
      await host.kill();

      const events = readTape(tape).slice(before.length);
      const promises = new Promises(published, { strict });
      const random = seeded(7);
      for (const [index, event] of events.entries()) {
        disk.play(event);
        if (event.kind === "said") promises.hear(event.text);
        // What is acknowledged is promised from here on; in between, writes come in runs that differ little.
        const telling = event.kind === "said" ? index % 2 === 0 : index % 40 === 0;
        if (!telling) continue;
        const loss = LOSSES[Math.floor(random() * LOSSES.length)] ?? "all";
        for (const each of event.kind === "said" ? (["all", loss] as const) : [loss]) {
          const cut = join(place.folder, "cut");
          rmSync(cut, { recursive: true, force: true });
          mkdirSync(cut);
          const file = join(cut, "tram.db");
          for (const [part, bytes] of disk.cut(each, random)) writeFileSync(`${file}${part}`, bytes);
          const found = await inspectBroker(file, promises.exchanges());
          const where = `event ${index} of ${events.length} (${event.kind}), lost of what was not synced: ${each}`;
          expect(promises.broken(found), where).toEqual([]);
        }
      }
      expect(promises.kept, "messages that were promised").toBe(MESSAGES * (strict ? 6 : 4));
    },
    180_000,
  );
});

/** Publishes what the test is about, and resolves when all of it is acknowledged. */
async function publishAll(port: number): Promise<readonly Published[]> {
  const kinds = [
    { id: "plain", topic: () => "plain/1", qos: 1, retain: false },
    { id: "alarm", topic: () => "alarm/1", qos: 1, retain: false },
    { id: SESSION, topic: (number: number) => `exact/${number % 3}`, qos: 2, retain: false },
    // Without a session: no row of its own speaks of its exchanges.
    { id: "guest", topic: () => "exact/guest", qos: 2, retain: false },
    { id: "keeper", topic: (number: number) => `kept/${number % 4}`, qos: 1, retain: true },
    { id: "alarm-keeper", topic: (number: number) => `alarm/kept/${number % 4}`, qos: 1, retain: true },
  ] as const;
  return Promise.all(
    kinds.map(async ({ id, topic, qos, retain }) => {
      const client = new CrashClient(id, { clean: id !== SESSION, window: 5, identifiers: "number" });
      await client.connect(port);
      const from = client.port ?? 0;
      client.publish((number) => {
        if (number >= MESSAGES) client.stop();
        return { topic: topic(number), qos, retain };
      });
      await client.until(() => client.idle);
      client.disconnect();
      const durable = qos === 2 || id.startsWith("alarm");
      return { from, topic, qos, retain, durable, session: id === SESSION };
    }),
  );
}
