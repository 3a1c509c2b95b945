import type { EpochMs } from "@tram/protocol";
import type { Visit } from "../visit.ts";

/** `06:30`, with seconds where there are some, and the date where it is another day, as the clock on the wall shows. */
export function writeTime({ calendar, world }: Pick<Visit, "calendar" | "world">, at: EpochMs): string {
  const { date, secondOfDay } = calendar.local(at);
  const parts = [Math.floor(secondOfDay / 3_600), Math.floor(secondOfDay / 60) % 60, secondOfDay % 60];
  const shown = parts[2] === 0 ? parts.slice(0, 2) : parts;
  const time = shown.map((part) => String(part).padStart(2, "0")).join(":");
  return date === calendar.local(world.now.wall).date ? time : `${date} ${time}`;
}
