import type { Link, Registry, Unit } from "@tram/core";
import type { Availability, Thing, ThingId } from "@tram/protocol";

/**
 * Homie 5.0 "Device hierarchy": a will sets the `$state` of the root device alone. Whose root is lost is lost as well, and
 * else in the state that it told itself.
 */
export class Family {
  readonly #registry: Registry;
  /** As the devices told it themselves. */
  readonly #told = new Map<string, Availability>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The `$state` that a device told last; undefined when it has told none since the start. */
  told(device: ThingId): Availability | undefined {
    return this.#told.get(device);
  }

  /** A known device told its state. */
  tell(device: ThingId, state: Availability, unit: Unit): void {
    const before = this.#told.get(device);
    this.#told.set(device, state);
    this.apply(device, unit);
    if ((before === "lost") !== (state === "lost")) this.#applyBelow(device, unit);
  }

  /** Works out the state of a device anew: its root may be another. Says nothing while neither of them told a state. */
  apply(device: ThingId, unit: Unit): void {
    const link = linkOf(this.#registry, device);
    if (link === undefined) return;
    const root = rootOf(link.described);
    const lost = root !== undefined && this.#told.get(root) === "lost";
    // Lost with its root, which is back: nobody has said how it is itself.
    const silent = link.availability === "lost" ? "unknown" : undefined;
    const state = lost ? "lost" : (this.#told.get(device) ?? silent);
    if (state !== undefined) this.#registry.setAvailability(device, state, unit);
  }

  /** The device is gone, and whoever named it as root is on its own. */
  forget(device: ThingId, unit: Unit): void {
    const before = this.#told.get(device);
    this.#told.delete(device);
    if (before === "lost") this.#applyBelow(device, unit);
  }

  #applyBelow(root: ThingId, unit: Unit): void {
    for (const { thing } of this.#registry.records()) {
      for (const link of this.#registry.keptLinks(thing.id as ThingId)) {
        if (rootOf(link.described) === root) this.apply(link.id, unit);
      }
    }
  }
}

/** A device as it described itself, whatever its Thing is called in the house. */
export function linkOf(registry: Registry, device: ThingId): Link | undefined {
  return registry.keptLinks(registry.resolve(device)).find(({ id }) => id === device);
}

function rootOf(thing: Thing): string | undefined {
  return thing.root ?? thing.parent;
}
