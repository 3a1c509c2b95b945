import type { Json, ThingId } from "@tram/protocol";
import type { LocalTime } from "./calendar.ts";
import { type CelScope, CelTimestamp, type CelValue } from "./cel/index.ts";
import { heldMs as elapsed } from "./due.ts";
import type { TriggerFacts } from "./rule-state.ts";
import type { Visit } from "./visit.ts";

/** What expressions can name, beside the house. */
export interface Locals {
  readonly trigger?: TriggerFacts;
  readonly variables?: Readonly<Record<string, Json>>;
  /** Of the innermost `repeat`. */
  readonly repeat?: Json;
}

export const NO_LOCALS: Locals = {};

/** Answers what an expression asks, from the world and from what the run knows. */
export function scopeOf(visit: Visit, locals: Locals): CelScope {
  return {
    variable(name) {
      if (name === "trigger") return locals.trigger;
      if (name === "repeat") return locals.repeat;
      return Object.hasOwn(locals.variables ?? {}, name) ? locals.variables?.[name] : undefined;
    },
    call(name, argument) {
      const { calendar, world } = visit;
      switch (name) {
        case "value":
          return read(visit, argument)?.value ?? null;
        case "quality":
          return read(visit, argument)?.quality ?? "bad";
        case "held":
          return heldMs(visit, argument);
        case "available": {
          const availability = world.availability?.(argument as ThingId);
          return availability === "ready" || availability === "sleeping";
        }
        case "now":
          return new CelTimestamp(world.now.wall);
        case "local":
          return localFields(calendar.local(world.now.wall));
        case "clockTrusted":
          return world.now.trust !== "untrusted";
      }
    },
  };
}

function read(visit: Visit, reference: string) {
  const target = visit.program.resolve(reference);
  return target === undefined ? undefined : visit.world.read(target.thing, target.property);
}

/** Milliseconds since the value last changed; `null` where nobody knows. */
function heldMs(visit: Visit, reference: string): CelValue {
  const known = read(visit, reference);
  return known?.since === undefined ? null : elapsed(known.since, visit.world.now);
}

function localFields({ date, secondOfDay, weekday }: LocalTime): CelValue {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  const minuteOfDay = Math.floor(secondOfDay / 60);
  const hour = Math.floor(minuteOfDay / 60);
  return { year, month, day, hour, minute: minuteOfDay % 60, second: secondOfDay % 60, weekday };
}
