import { join } from "node:path";
import { RecordingHouse } from "../../gateway/daemon/src/history/fixtures/recording-house.ts";
import { queryHistory } from "../../gateway/daemon/src/history/history-query.ts";
import { chooseTier, RAW, type Tier } from "../../gateway/daemon/src/history/tiers.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { live } from "./readings.ts";

const DAY_MS = 86_400_000;

export interface Asked {
  readonly ms: readonly number[];
  /** Time of the processor, in milliseconds. */
  readonly cpuMs: readonly number[];
  /** Longest time without a turn for others, in milliseconds. */
  readonly heldMs: number;
  readonly read: number;
  readonly points: number;
  readonly tier: string;
}

/** A chart of 30 days of one of the devices that report each 10 s. */
export async function chartOfAMonth(rounds: number, devices = 20): Promise<Asked> {
  using folder = temporaryFolder("bench-history");
  const house = await RecordingHouse.open({ file: join(folder.path, "history.db"), sizeBytes: 268_435_456 });
  for (let day = 0; day < 30; day++) await live(house, { devices, everyMs: 10_000, durationMs: DAY_MS });
  const range = { from: house.clock.now() - 30 * DAY_MS, to: house.clock.now() };
  return await ask(
    house,
    chooseTier(range, 500, () => 0),
    range,
    rounds,
  );
}

/** A million readings of one device, one a second. */
export async function millionReadings(rounds: number): Promise<Asked> {
  using folder = temporaryFolder("bench-history");
  const house = await RecordingHouse.open({ file: join(folder.path, "history.db"), sizeBytes: 268_435_456 });
  await live(house, { devices: 1, everyMs: 1_000, durationMs: 1_000_000_000 });
  return await ask(house, RAW, { from: 0, to: house.clock.now() + 1 }, rounds);
}

async function ask(
  house: RecordingHouse,
  tier: Tier,
  range: { readonly from: number; readonly to: number },
  rounds: number,
): Promise<Asked> {
  await house.history.flush();
  const ms: number[] = [];
  const cpuMs: number[] = [];
  let [heldMs, read, points] = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    let last = performance.now();
    const watch = setInterval(() => {
      heldMs = Math.max(heldMs, performance.now() - last);
      last = performance.now();
    }, 1);
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    using cut = house.history.cut("thing-0", "air/temperature");
    const question = { ...range, thing: "thing-0", property: "air/temperature", tier, points: 500 };
    const view = await queryHistory(cut, question);
    ms.push(performance.now() - startedAt);
    const { system, user } = process.cpuUsage(cpu);
    cpuMs.push((system + user) / 1_000);
    clearInterval(watch);
    read = view.read;
    points = view.points.length;
  }
  await house[Symbol.asyncDispose]();
  return { ms, cpuMs, heldMs, read, points, tier: tier.name };
}
