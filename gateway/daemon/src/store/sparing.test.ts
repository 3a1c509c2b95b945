import { expect, test } from "vitest";
import type { WriteMeter, WriteVerdict } from "../write-meter/write-meter.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const WINDOW_MS = 100;

/** How long a commit that need only survive the process stays away from the flash, in milliseconds. */
async function timeToFlash(verdict: WriteVerdict, durability: "crash" | "power"): Promise<number> {
  using place = temporaryFolder();
  let onWrote: () => void = () => undefined;
  const written = new Promise<void>((resolve) => {
    onWrote = resolve;
  });
  const meter: WriteMeter = {
    feature: (name) => ({ verdict, wrote: () => (name === "state" ? onWrote() : undefined) }),
  };
  const store = await openSqliteStore(place.file, { syncWindowMs: WINDOW_MS });
  await store.close();
  const again = await openSqliteStore(place.file, { syncWindowMs: WINDOW_MS, meter });
  const startedAt = performance.now();
  await again.commit([{ op: "put", table: "t", key: "a", value: 1 }], durability);
  await written;
  const elapsed = performance.now() - startedAt;
  await again.close();
  return elapsed;
}

test("over the budget telemetry waits three windows; what must survive a power cut waits for nothing", async () => {
  expect(await timeToFlash("batch-longer", "crash")).toBeGreaterThanOrEqual(3 * WINDOW_MS - 1);
  const hurried = await Promise.all([timeToFlash("thin", "power"), timeToFlash("thin", "power")]);
  expect(Math.min(...hurried)).toBeLessThan(3 * WINDOW_MS);
});
