import type { ThingId } from "@tram/protocol";
import type { Pending } from "./pending.ts";

/** Commands for devices that are not there at the moment, in the order in which they were given. */
export class WaitingRoom {
  readonly #byThing = new Map<ThingId, Set<Pending>>();

  count(thing: ThingId): number {
    return this.#byThing.get(thing)?.size ?? 0;
  }

  add(pending: Pending): void {
    const { thing } = pending.command;
    const waiting = this.#byThing.get(thing);
    if (waiting === undefined) this.#byThing.set(thing, new Set([pending]));
    else waiting.add(pending);
  }

  remove(pending: Pending): void {
    const { thing } = pending.command;
    const waiting = this.#byThing.get(thing);
    if (waiting?.delete(pending) === true && waiting.size === 0) this.#byThing.delete(thing);
  }

  /** Calls up everybody who waits for a device. */
  leave(thing: ThingId): readonly Pending[] {
    const waiting = this.#byThing.get(thing);
    if (waiting === undefined) return [];
    this.#byThing.delete(thing);
    return [...waiting];
  }
}
