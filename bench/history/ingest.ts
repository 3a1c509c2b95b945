import { join } from "node:path";
import { Bus, Unit } from "@tram/core";
import type { PropertyKey, Reading, ThingId } from "@tram/protocol";
import { SystemClock } from "../../gateway/daemon/src/clock/system-clock.ts";
import { FakeMeter } from "../../gateway/daemon/src/history/fixtures/recording-house.ts";
import { History } from "../../gateway/daemon/src/history/history.ts";
import { policies } from "../../gateway/daemon/src/history/policy.ts";
import { percentile } from "../statistics.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const THINGS = 1_000;
const PROPERTIES = 10;
const BATCH = 25;

export interface Ingested {
  readonly perSecond: number;
  /** From when a reading was due to when everybody on the bus had heard it, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly windows: number;
  /** Time of the processor between two turns of the event loop, in milliseconds: what others make of it does not count. */
  readonly turnP99: number;
  readonly turnMax: number;
}

/**
 * 1,000 Things with 10 properties each report together so many readings a second, in real time.
 * @param recording false to measure the machine and the bus alone.
 */
export async function ingest(
  perSecond: number,
  seconds: number,
  windowMs: number,
  recording: boolean,
): Promise<Ingested> {
  using folder = temporaryFolder("bench-history");
  using clock = new SystemClock(() => "synced");
  const bus = new Bus((error) => {
    throw error;
  });
  const nothing = (): void => undefined;
  const parts = {
    bus,
    clock,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    meter: new FakeMeter(),
    policyFor: policies([]),
    onChange: nothing,
  };
  const file = join(folder.path, "history.db");
  // A bus of its own for the history where it shall hear nothing: what the machine itself is worth.
  const heard = recording ? parts : { ...parts, bus: new Bus(nothing) };
  await using history = await History.open(heard, { file, sizeBytes: 1_073_741_824, windowMs });
  const late: number[] = [];
  const turns: number[] = [];
  let cpu = process.threadCpuUsage();
  const startedAt = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const now = performance.now();
      const { system, user } = process.threadCpuUsage(cpu);
      turns.push((system + user) / 1_000);
      cpu = process.threadCpuUsage();
      const elapsed = now - startedAt;
      while (sent < (elapsed * perSecond) / 1_000) {
        const due = startedAt + (sent * 1_000) / perSecond;
        for (let one = 0; one < BATCH; one++, sent++) emit(bus, sent);
        late.push(performance.now() - due);
      }
      if (elapsed > seconds * 1_000) resolve();
      else setTimeout(tick, 1);
    };
    tick();
  });
  const windows = Math.floor((seconds * 1_000) / windowMs);
  const [p50, p99] = [percentile(late, 0.5), percentile(late, 0.99)];
  if (!history.health.kept || history.health.dropped > 0) throw new Error("readings were not kept");
  return {
    perSecond: Math.round(sent / seconds),
    p50,
    p99,
    max: percentile(late, 1),
    windows,
    turnP99: percentile(turns, 0.99),
    turnMax: percentile(turns, 1),
  };
}

function emit(bus: Bus, number: number): void {
  const now = Date.now();
  const reading: Reading = {
    thing: `thing-${number % THINGS}` as ThingId,
    property: `node/p${Math.floor(number / THINGS) % PROPERTIES}` as PropertyKey,
    value: Math.round(Math.sin(number) * 1_000) / 10,
    quality: "good",
    time: now,
    receivedAt: now,
    origin: "device",
  };
  const unit = new Unit({ commit: async () => undefined }, () => undefined);
  bus.emit("reading", { reading, previous: undefined }, unit);
}
