import { statSync } from "node:fs";
import { join } from "node:path";
import { RecordingHouse } from "../../gateway/daemon/src/history/fixtures/recording-house.ts";
import { kernelWrites } from "../../gateway/daemon/src/write-meter/kernel-writes.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { live } from "./readings.ts";

export interface Written {
  /** Blocks that the meter counted, in bytes. */
  readonly metered: number;
  /** The same as the kernel counted; undefined where it does not. */
  readonly kernel: number | undefined;
  /** Size of the database afterwards, in bytes. */
  readonly file: number;
}

/** What the history writes in a day, with 100 Things that each report one property each 10 s. */
export async function dayOfWrites(windowMs: number, hours = 24): Promise<Written> {
  using folder = temporaryFolder("bench-history");
  const file = join(folder.path, "history.db");
  const house = await RecordingHouse.open({ file, windowMs, sizeBytes: 67_108_864 });
  const before = kernelWrites();
  house.meter.bytes = 0;
  await live(house, { devices: 100, everyMs: 10_000, durationMs: hours * 3_600_000, windowMs });
  // The windows end beside the loop of this benchmark.
  await house.history.flush();
  const after = kernelWrites();
  const metered = house.meter.bytes;
  await house[Symbol.asyncDispose]();
  const kernel = before === undefined || after === undefined ? undefined : after - before;
  return { metered, kernel, file: statSync(file).size };
}
