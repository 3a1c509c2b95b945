import type { ClockStep, Notification, Source, ThingRecord } from "@tram/core";
import type { Availability, Command, EpochMs, Instant, Reading, ThingEvent, ThingId } from "@tram/protocol";

/** What can happen, with what is told of it. What the bus of the house tells stands here as it was told. */
export interface Happenings {
  /** The gateway started; what follows is of a new process, perhaps of a new boot. */
  start: { readonly version: string };
  /** The wall clock stepped, or its trust changed; the event's own time is that after the step. */
  clock: ClockStep;
  thing: ThingRecord;
  retired: { readonly id: ThingId; readonly source: Source };
  availability: {
    readonly id: ThingId;
    readonly availability: Availability;
    readonly previous: Availability;
  };
  reading: Reading;
  quality: Reading;
  /** It is known now when a value was taken; nothing else of it changed. */
  repaired: Reading;
  /** Something happened at a Thing that is no state of it. */
  event: ThingEvent;
  command: Command;
  notification: Notification;
  /** A Thing as it was known at this point of the journal; nothing happened to it. */
  "known-thing": ThingRecord;
  /** A value as it was known at this point of the journal. */
  "known-reading": Reading;
  /** Events are missing here; how many, where that is known. */
  gap: { readonly missing: number | undefined };
}

export type HappeningKind = keyof Happenings;
/** What is written down; gaps are found when it is read. */
export type RecordedKind = Exclude<HappeningKind, "gap">;

/** When something happened. */
export interface Moment {
  /** Counts the events of one run of the gateway, from 1. What is only known at a point has the number of the next event. */
  readonly seq: number;
  /** The clocks as they stood: what a rule saw. The monotonic clock is kept to 2 ms. */
  readonly at: Instant;
  /** When it really happened, as far as is known now: a clock that was set later in the same boot is reckoned back. */
  readonly time: EpochMs;
}

export type JournalEvent = {
  [Kind in HappeningKind]: Moment & { readonly kind: Kind; readonly what: Happenings[Kind] };
}[HappeningKind];
