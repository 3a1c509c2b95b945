import type { FlashView } from "@tram/protocol";
import { type DailyWrites, totalOf, type WrittenBytes } from "./daily-writes.ts";
import { flashLifeYears } from "./flash-life.ts";
import { kernelWrites, mediumBytes } from "./kernel-writes.ts";

const HOURS_PER_DAY = 24;

/** What is told of the writes at this moment. @param folder whose file system is written. */
export function flashView(
  meter: DailyWrites,
  options: { readonly folder: string; readonly enduranceCycles: number },
  history: FlashView["history"],
): FlashView {
  const { limits, verdict } = meter;
  const hours = meter.coveredHours;
  const total = meter.lastDayBytes;
  const perDay = Math.round((total * HOURS_PER_DAY) / hours);
  const medium = mediumBytes(options.folder);
  const kernel = kernelWrites();
  const life =
    medium === undefined
      ? undefined
      : flashLifeYears({ ...options, mediumBytes: medium, bytesPerDay: perDay });
  return {
    verdict,
    budgetBytes: limits.budgetBytes,
    capBytes: limits.capBytes,
    lastDay: { hours: Number(hours.toFixed(1)), total, bytes: bytesOf(meter.lastDay) },
    perDay,
    days: meter.days.map(({ day, bytes }) => ({ day, total: totalOf(bytes), bytes: bytesOf(bytes) })),
    sinceStart: bytesOf(meter.sinceStart),
    ...(kernel === undefined ? {} : { kernelBytes: kernel }),
    ...(medium === undefined ? {} : { mediumBytes: medium }),
    enduranceCycles: options.enduranceCycles,
    ...(life === undefined ? {} : { lifeYears: Number(life.toPrecision(3)) }),
    ...(history === undefined ? {} : { history }),
  };
}

function bytesOf(bytes: WrittenBytes): Record<string, number> {
  return { ...bytes };
}
