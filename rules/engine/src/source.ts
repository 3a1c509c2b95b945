import type { Json, PropertyKey, ThingId } from "@tram/protocol";
import { evaluateCel } from "./cel/index.ts";
import type { Observation, RuleEvent } from "./events.ts";
import type { PresenceSource, Source } from "./program.ts";
import { type Locals, scopeOf } from "./scope.ts";
import { partOf } from "./value-test.ts";
import type { Visit } from "./visit.ts";

const UNKNOWN: Observation = { value: null, quality: "bad" };

/** What a source shows now. A source whose Things nobody knows shows nothing. */
export function observe(visit: Visit, source: Source, locals: Locals): Observation {
  const { world } = visit;
  switch (source.on) {
    case "property": {
      const known = world.read(source.target.thing, source.target.property);
      return known === undefined ? UNKNOWN : { ...known, value: partOf(known.value, source.attribute) };
    }
    case "availability":
      return good(world.availability?.(source.thing) ?? null);
    case "bridge": {
      const online = world.online?.(source.provider);
      return good(online === undefined ? null : online ? "online" : "offline");
    }
    case "presence":
      return good(isPresent(visit, source));
    case "expression": {
      const result = evaluateCel(source.expression, scopeOf(visit, locals), visit.budget);
      return result.ok ? good(result.value) : { ...UNKNOWN, problem: result.problem };
    }
  }
}

function good(value: Json): Observation {
  return { value, quality: "good" };
}

/** Whether an event may have changed what a source shows. */
export function concerns(source: Source, event: RuleEvent): boolean {
  switch (event.kind) {
    case "reading": {
      const { property, thing } = event.reading;
      if (source.on === "property") return isTarget(source.target, thing, property);
      if (source.on === "expression") return source.reads.some((target) => isTarget(target, thing, property));
      return source.on === "presence" && source.members.some((member) => isTarget(member, thing, property));
    }
    case "availability":
      if (source.on === "availability") return source.thing === event.thing;
      if (source.on === "expression") return source.expression.things.includes(event.thing);
      return source.on === "presence" && source.members.some(({ thing }) => thing === event.thing);
    case "bridge":
      return source.on === "bridge";
    case "start":
      return true;
    case "wakeup":
    case "clock":
      return source.on === "expression" && source.expression.usesTime;
    default:
      return false;
  }
}

function isTarget(
  target: { readonly thing: ThingId; readonly property?: PropertyKey },
  thing: ThingId,
  property: PropertyKey,
): boolean {
  return target.thing === thing && target.property === property;
}

/** A member with a property is at home while that is true; one without is while it is there. */
function isPresent({ world }: Visit, { is, members }: PresenceSource): boolean {
  const atHome = ({ property, thing }: PresenceSource["members"][number]) => {
    if (property !== undefined) return world.read(thing, property)?.value === true;
    const availability = world.availability?.(thing);
    return availability === "ready" || availability === "sleeping";
  };
  if (is === "someone") return members.some(atHome);
  return is === "nobody" ? !members.some(atHome) : members.length > 0 && members.every(atHome);
}
