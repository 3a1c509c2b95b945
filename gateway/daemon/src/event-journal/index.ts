export { EventJournal } from "./event-journal.ts";
export type { EventQuery } from "./event-pass.ts";
export { EVENT_KINDS, EventEnd, EventView, eventView, JournalView } from "./event-view.ts";
export type { HappeningKind, JournalEvent } from "./journal-event.ts";
export { journalProblem, knownHouse, openEventJournal } from "./open-event-journal.ts";
