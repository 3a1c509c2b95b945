export { EventJournal, type JournalSettings, type JournalState } from "./event-journal.ts";
export { type EventQuery, thingOf } from "./event-pass.ts";
export type { HappeningKind, Happenings, JournalEvent } from "./journal-event.ts";
export type { WriteMeter } from "./write-meter.ts";
