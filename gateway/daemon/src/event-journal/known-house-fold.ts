import type { ThingRecord } from "@tram/core";
import type { PropertyKey, Reading, ThingId } from "@tram/protocol";
import type { JournalEvent } from "./journal-event.ts";
import type { KnownHouse } from "./keyframe.ts";

/** What the house knows after one event and the next: as its registry does, told by the journal alone. */
export class KnownHouseFold {
  readonly #things = new Map<
    ThingId,
    { record: ThingRecord; readonly readings: Map<PropertyKey, Reading> }
  >();

  /** Forgets everything: what was known at another point follows. */
  clear(): void {
    this.#things.clear();
  }

  apply(event: JournalEvent): void {
    switch (event.kind) {
      case "thing":
      case "known-thing": {
        const id = event.what.thing.id as ThingId;
        const known = this.#things.get(id);
        if (known === undefined) this.#things.set(id, { record: event.what, readings: new Map() });
        else known.record = event.what;
        return;
      }
      case "retired":
        this.#things.delete(event.what.id);
        return;
      case "availability": {
        const known = this.#things.get(event.what.id);
        if (known !== undefined) known.record = { ...known.record, availability: event.what.availability };
        return;
      }
      case "reading":
      case "quality":
      case "repaired":
      case "known-reading":
        this.#things.get(event.what.thing)?.readings.set(event.what.property, event.what);
        return;
      default:
    }
  }

  house(): KnownHouse {
    const all = [...this.#things.values()];
    return {
      things: all.map(({ record }) => record),
      readings: all.flatMap(({ readings }) => [...readings.values()]),
    };
  }
}
