import { join } from "node:path";
import type { Clock, Log, Registry } from "@tram/core";
import type { GatewayView, ThingId } from "@tram/protocol";
import type { Settings } from "../config/settings.ts";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import { EventJournal } from "./event-journal.ts";
import type { KnownHouse } from "./keyframe.ts";

const MB = 1_048_576;
const HOUR_MS = 3_600_000;
const FOLDER = "events";

/** Makes the journal that the settings ask for. @returns undefined when nothing is to be recorded. */
export function openEventJournal(parts: {
  readonly settings: Pick<Settings, "events" | "data">;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: FeatureMeter;
  /** Told when `failureProblem` changed. */
  readonly onChange: () => void;
}): EventJournal | undefined {
  const { settings, clock, log, meter } = parts;
  const { memoryMb, diskMb, keepHours } = settings.events;
  if (memoryMb === 0) return undefined;
  const journal: EventJournal = new EventJournal({
    clock,
    settings: {
      memoryBytes: memoryMb * MB,
      diskBytes: diskMb * MB,
      keepMs: keepHours * HOUR_MS,
      folder: join(settings.data, FOLDER),
    },
    meter,
    onHealth: () => {
      const { failure } = journal;
      if (failure === undefined) log.info({}, "the disk takes events again");
      else log.warn({ reason: failure }, "the disk takes no events");
      parts.onChange();
    },
  });
  return journal;
}

/** What a journal begins a chapter with. */
export function knownHouse(registry: Pick<Registry, "records" | "readings">): KnownHouse {
  const things = [...registry.records()];
  return { things, readings: things.flatMap(({ thing }) => registry.readings(thing.id as ThingId)) };
}

/** The problem of a journal whose disk takes nothing. */
export function journalProblem(journal: EventJournal | undefined, data: string): GatewayView["problems"] {
  if (journal?.failure === undefined) return [];
  const problem = `events are kept in memory alone: ${journal.failure}. What to do: free space on the disk of ${data} and let the gateway write there, or set \`events.disk_mb: 0\`. The gateway notices by itself.`;
  return [{ code: "events", where: join(data, FOLDER), problem }];
}
