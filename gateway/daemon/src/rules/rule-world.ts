import type { Clock, Registry } from "@tram/core";
import type { World } from "@tram/rules";

/** What rules may ask of the house while they decide. */
export function ruleWorld(parts: {
  readonly clock: Pick<Clock, "instant">;
  readonly registry: Pick<Registry, "read" | "since" | "get">;
  /** Whether the way to a cloud is there: to that one, or to any. `undefined` where there is none. */
  readonly online: (bridge?: string) => boolean | undefined;
}): World {
  const { clock, online, registry } = parts;
  return {
    now: clock.instant(),
    read: (thing, property) => {
      const reading = registry.read(thing, property);
      if (reading === undefined) return undefined;
      const { quality, value } = reading;
      const since = registry.since(thing, property);
      return since === undefined ? { value, quality } : { value, quality, since };
    },
    availability: (thing) => registry.get(thing)?.availability,
    online,
  };
}
