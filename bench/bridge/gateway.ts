import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Bridge, openBridge } from "../../cloud-bridge/src/bridge.ts";
import { EMPTY_HOUSE } from "../../cloud-bridge/src/testing/empty-house.ts";
import { Unit } from "../../gateway/core/src/unit.ts";
import { SystemClock } from "../../gateway/daemon/src/clock/system-clock.ts";
import { openSqliteStore, type SqliteStore } from "../../gateway/daemon/src/store/sqlite-store.ts";
import type { WriteFeature, WriteMeter } from "../../gateway/daemon/src/write-meter/write-meter.ts";
import { readingOf } from "./readings.ts";

/** A house with a store and a bridge, and nothing else that could write or be slow. */
export interface BenchGateway extends AsyncDisposable {
  readonly bridge: Bridge;
  readonly store: SqliteStore;
  /** What the store says that it wrote, in bytes. */
  metered(): number;
  /** Tells a reading, and waits until it is kept. */
  tell(thing: string, value: number, kind?: "alarm" | "telemetry"): Promise<void>;
  /** Tells that a command to a Thing has ended. */
  answer(thing: string, number: number): Promise<void>;
}

export interface GatewayOptions {
  readonly folder: string;
  /** Where the journal lies: on a router that is memory. */
  readonly journalFolder: string;
  /** Of the cloud. */
  readonly port: number;
  readonly syncWindowMs?: number;
}

export function fileIn(folder: string): string {
  return join(folder, "tram.db");
}

export async function openGateway(options: GatewayOptions): Promise<BenchGateway> {
  const { folder, journalFolder, port, syncWindowMs } = options;
  let metered = 0;
  const meter: WriteMeter = {
    feature: (_name: WriteFeature) => ({
      wrote: (bytes) => {
        metered += bytes;
      },
      verdict: "ok",
    }),
  };
  const store = await openSqliteStore(fileIn(folder), {
    journalFolder,
    meter,
    program: new URL("../../gateway/daemon/src/store/snapshot-worker.ts", import.meta.url),
    ...(syncWindowMs === undefined ? {} : { syncWindowMs }),
  });
  const clock = new SystemClock(() => "synced");
  const bridge = await openBridge({
    config: {
      id: "up",
      provider: "mqtt",
      url: `mqtt://127.0.0.1:${port}`,
      queue_rows: 3_000_000,
      queue_mb: 2_000,
    },
    gateway: { id: "gw" },
    house: EMPTY_HOUSE,
    store,
    clock,
    random: Math.random,
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (fields, text) => console.error(text, fields),
    },
  });
  const inUnit = async (work: (unit: Unit) => void): Promise<void> => {
    const unit = new Unit(store, (error) => console.error(error));
    work(unit);
    await unit.commit();
  };
  return {
    bridge,
    store,
    metered: () => metered,
    tell: (thing, value, kind = "telemetry") =>
      inUnit((unit) => bridge.offer(readingOf(thing, value), unit, { class: kind })),
    answer: (thing, number) =>
      inUnit((unit) => {
        const now = Date.now();
        bridge.offerCommand(
          {
            id: `c-${number}` as never,
            thing: thing as never,
            target: { property: "motor/power" as never },
            value: true,
            origin: "api:bench",
            depth: 1,
            state: "confirmed",
            submittedAt: now,
            endedAt: now,
          },
          unit,
        );
      }),
    [Symbol.asyncDispose]: async () => {
      await bridge[Symbol.asyncDispose]();
      await store.close();
      clock[Symbol.dispose]();
    },
  };
}

/** Counts, from now on, each row of a queue that reaches the database; the store must be closed meanwhile. */
export function countRowsIn(folder: string): void {
  if (!existsSync(fileIn(folder))) throw new Error("there is no database yet");
  const database = new DatabaseSync(fileIn(folder));
  database.exec(`
    CREATE TABLE bench (rows INTEGER NOT NULL);
    INSERT INTO bench VALUES (0);
    CREATE TRIGGER bench_rows AFTER INSERT ON log_row WHEN new.log = 'outbox-up'
      BEGIN UPDATE bench SET rows = rows + 1; END;
  `);
  database.close();
}

export function rowsCountedIn(folder: string): number {
  const database = new DatabaseSync(fileIn(folder), { readOnly: true });
  const rows = Number(database.prepare("SELECT rows FROM bench").get()?.rows);
  database.close();
  return rows;
}
