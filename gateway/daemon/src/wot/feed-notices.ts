import type { Bus, Clock, Registry } from "@tram/core";
import { jsonEqual, type Reading, type Thing, type ThingId } from "@tram/protocol";
import type { Notice, NoticeBoard } from "./notice-board.ts";
import { urnOf } from "./thing-description.ts";

/** Turns the house's events into notices, once they are kept. A property is noticed when it changes. */
export function feedNotices(
  parts: { readonly bus: Bus; readonly registry: Registry; readonly clock: Pick<Clock, "now"> },
  board: NoticeBoard,
): readonly Disposable[] {
  const { bus, clock, registry } = parts;
  /** As they were described last: what is told of a Thing besides is no news to the directory. */
  const described = new Map<string, Thing>();
  for (const { thing } of registry.records()) described.set(thing.id, thing);

  const list = (name: string, id: string): void =>
    board.publish({
      subject: "directory",
      thing: id as ThingId,
      name,
      data: { id: urnOf(id) },
      time: clock.now(),
    });
  return [
    bus.on("thing", ({ thing }, unit) => {
      const before = described.get(thing.id);
      if (before === thing) return;
      described.set(thing.id, thing);
      unit.after(() => list(before === undefined ? "thing_created" : "thing_updated", thing.id));
    }),
    bus.on("retired", ({ id }, unit) => {
      described.delete(id);
      unit.after(() => list("thing_deleted", id));
    }),
    bus.on("reading", ({ reading, previous }, unit) => {
      if (board.idle || !isNews(registry, reading, previous)) return;
      const { property: name, thing, time, value } = reading;
      unit.after(() => board.publish({ subject: "property", thing, name, data: value, time }));
    }),
    bus.on("event", ({ data, event: name, thing, time }, unit) => {
      unit.after(() => board.publish({ subject: "event", thing, name, data, time }));
    }),
  ];
}

/** A good value that is another than before; of an occurrence each one counts. */
function isNews(registry: Registry, reading: Reading, previous: Reading | undefined): boolean {
  if (reading.quality !== "good") return false;
  if (previous?.quality !== "good" || !jsonEqual(previous.value, reading.value)) return true;
  return registry.thing(reading.thing)?.properties[reading.property]?.momentary === true;
}

/** The last good values of a Thing, for somebody who begins to observe it. Occurrences are over. */
export function presentValues(registry: Registry, id: ThingId, name?: string): readonly Notice[] {
  const properties = registry.thing(id)?.properties ?? {};
  return registry
    .readings(id)
    .filter(({ property, value }) => (name ?? property) === property && value !== null)
    .filter(({ property }) => properties[property]?.momentary !== true)
    .map(({ property, time, value: data }) => ({
      seq: 0,
      subject: "property",
      thing: id,
      name: property,
      data,
      time,
    }));
}
