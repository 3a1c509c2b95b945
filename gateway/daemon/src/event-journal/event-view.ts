import {
  CommandView,
  type EpochMs,
  NotificationView,
  PropertyView,
  Thing,
  ThingSettings,
} from "@tram/protocol";
import { type Static, type TSchema, Type } from "typebox";
import { commandView, iso, notificationView } from "../http/views.ts";
import type { HappeningKind, JournalEvent } from "./journal-event.ts";

const Time = Type.String({ format: "date-time" });
const Id = Type.String();
const Availability = Type.Enum(["unknown", "init", "ready", "disconnected", "sleeping", "lost"]);
const Cause = Type.Object({ commandId: Id, depth: Type.Integer() });

const Value = Type.Object({
  thing: Id,
  property: Id,
  origin: Id,
  cause: Type.Optional(Cause),
  value: PropertyView.properties.value,
  quality: PropertyView.properties.quality,
  time: Time,
  receivedAt: Time,
  problem: PropertyView.properties.problem,
});
const Description = Type.Object({
  thing: Thing,
  source: Type.String(),
  availability: Availability,
  problem: Type.Optional(Type.String()),
  settings: Type.Optional(ThingSettings),
});

const WHAT = {
  start: Type.Object({ version: Type.String() }, { description: "The gateway started." }),
  clock: Type.Object(
    { stepMs: Type.Number(), trust: Type.Enum(["untrusted", "holdover", "synced"]) },
    { description: "The clock was set, or is believed otherwise than before." },
  ),
  thing: Description,
  retired: Type.Object({ id: Id, source: Type.String() }),
  availability: Type.Object({ id: Id, availability: Availability, previous: Availability }),
  reading: Value,
  quality: Value,
  repaired: Value,
  event: Type.Object({
    thing: Id,
    event: Id,
    data: Type.Unknown(),
    time: Time,
    receivedAt: Time,
    origin: Id,
  }),
  command: Type.Object({ ...CommandView.properties, cause: Type.Optional(Cause) }),
  notification: NotificationView,
  gap: Type.Object(
    { missing: Type.Optional(Type.Integer()) },
    { description: "Events are missing here: so many, where that is known." },
  ),
  "known-thing": Description,
  "known-reading": Value,
} as const satisfies Record<HappeningKind, TSchema>;

/** The kinds that may be asked for. */
export const EVENT_KINDS = Object.keys(WHAT) as readonly HappeningKind[];

/** An event as the API tells it. */
export const EventView = Type.Object({
  time: Type.String({
    format: "date-time",
    description: "When it happened, as far as is known now: a clock that was set later is reckoned back.",
  }),
  kind: Type.Enum([...EVENT_KINDS]),
  what: Type.Union([
    WHAT.reading,
    WHAT.event,
    WHAT.command,
    WHAT.availability,
    WHAT.thing,
    WHAT.retired,
    WHAT.notification,
    WHAT.clock,
    WHAT.start,
    WHAT.gap,
  ]),
  seq: Type.Integer({ description: "Counts the events of one run of the gateway." }),
  boot: Type.String({ description: "Run of the machine." }),
  monotonic: Type.Number({ description: "Milliseconds since the machine booted." }),
  clock: Type.Enum(["untrusted", "holdover", "synced"]),
  wall: Type.Optional(Type.String({ ...Time, description: "As the clock stood then, where it was wrong." })),
});
export type EventView = Static<typeof EventView>;

/** The last line of an answer that is not whole. */
export const EventEnd = Type.Object({
  end: Type.Literal("limit", { description: "There is more: ask on from the time of the last event." }),
});

/** How the journal is. */
export const JournalView = Type.Object({
  from: Type.Optional(Type.String({ ...Time, description: "The oldest event." })),
  completeFrom: Type.Optional(Type.String({ ...Time, description: "Since then nothing is missing." })),
  memoryBytes: Type.Integer(),
  diskBytes: Type.Integer(),
  recorded: Type.Integer({ description: "Events since the start." }),
  perSecond: Type.Number({ description: "Since the latest look that is older than two seconds." }),
  dropped: Type.Integer({ description: "Events that left the memory for its quota, before their time." }),
  missed: Type.Integer({ description: "Events that the disk did not take." }),
  thinned: Type.Integer({ description: "Readings that were kept off the disk to spare it." }),
  damaged: Type.Integer({ description: "Damaged places that were found on the disk." }),
  failure: Type.Optional(Type.String({ description: "Why the disk takes nothing." })),
});
export type JournalView = Static<typeof JournalView>;

export function eventView(event: JournalEvent): EventView {
  const { kind, seq, at, time } = event;
  return {
    time: iso(time),
    kind,
    what: whatOf(event),
    seq,
    boot: at.bootId,
    monotonic: at.monotonic,
    clock: at.trust,
    ...(time === at.wall ? {} : { wall: iso(at.wall) }),
  };
}

function whatOf(event: JournalEvent): EventView["what"] {
  switch (event.kind) {
    case "reading":
    case "quality":
    case "repaired":
    case "known-reading": {
      const reading = event.kind === "reading" ? put(event.what, event.time - event.at.wall) : event.what;
      const { thing, property, value, quality, time, receivedAt, origin, cause, problem } = reading;
      return {
        thing,
        property,
        origin,
        ...(cause === undefined ? {} : { cause }),
        value,
        quality,
        time: iso(time),
        receivedAt: iso(receivedAt),
        ...(problem === undefined ? {} : { problem }),
      };
    }
    case "command": {
      const { cause } = event.what;
      return { ...commandView(event.what), ...(cause === undefined ? {} : { cause }) };
    }
    case "event": {
      const { time, receivedAt, ...rest } = put(event.what, event.time - event.at.wall);
      return { ...rest, time: iso(time), receivedAt: iso(receivedAt) };
    }
    case "notification":
      return notificationView(event.what);
    case "thing":
    case "known-thing": {
      const { thing, source, availability, problem, settings } = event.what;
      return {
        thing,
        source,
        availability,
        ...(problem === undefined ? {} : { problem }),
        ...(settings === undefined ? {} : { settings }),
      };
    }
    case "gap":
      return event.what.missing === undefined ? {} : { missing: event.what.missing };
    default:
      return event.what;
  }
}

/** Times that the gateway gave, by a clock that was wrong by so much. */
function put<Times extends { readonly time: EpochMs; readonly receivedAt: EpochMs }>(
  reading: Times,
  byMs: number,
): Times {
  const { time, receivedAt } = reading;
  if (byMs === 0) return reading;
  return { ...reading, receivedAt: receivedAt + byMs, time: time === receivedAt ? time + byMs : time };
}
