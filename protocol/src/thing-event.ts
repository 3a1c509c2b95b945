import type { ThingId } from "./ids.ts";
import type { Json } from "./json.ts";
import type { Origin } from "./origin.ts";
import { checkValue, type EventAffordance, type Thing, type ValueCheck } from "./thing.ts";
import type { EpochMs } from "./time.ts";

/** Something that happened at a Thing (WoT TD 1.1 §5.3.1.5 EventAffordance). It is told once and never kept. */
export interface ThingEvent {
  readonly thing: ThingId;
  /** Its name in the `events` of the Thing. */
  readonly event: string;
  /** As its description says; `null` where that speaks of no data. */
  readonly data: Json;
  /** When the source saw it; the gateway's time where the source has no clock. */
  readonly time: EpochMs;
  /** When the gateway received it, on the gateway's wall clock. */
  readonly receivedAt: EpochMs;
  readonly origin: Origin;
}

/** The description of an event; `undefined` when the Thing has none of that name. */
export function eventOf(thing: Thing, event: string): EventAffordance | undefined {
  const { events = {} } = thing;
  return Object.hasOwn(events, event) ? events[event] : undefined;
}

/** Checks the data of an event; without a schema there are none. */
export function checkEventData({ data: schema }: EventAffordance, data: Json = null): ValueCheck {
  if (schema !== undefined) return checkValue(schema, data);
  return data === null ? { ok: true, value: null } : { ok: false, problem: "expected no data" };
}
