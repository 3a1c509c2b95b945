import type { Json } from "@tram/protocol";
import type { TriggerFacts } from "../rule-state.ts";
import type { Firing, Visit } from "../visit.ts";

/** What expressions see of a firing: no larger than what may be written with each step of the run. */
export function factsOf({ world }: Visit, firing: Firing): TriggerFacts {
  const { data, kind, previous, property, seen, thing, trigger } = firing;
  return {
    id: trigger,
    kind,
    time: world.now.wall,
    ...bounded("value", seen),
    ...bounded("previous", previous),
    ...bounded("data", data),
    ...(thing === undefined ? {} : { thing }),
    ...(property === undefined ? {} : { property }),
  };
}

const MAX_FACT_LENGTH = 16_384;

function bounded<Name extends string>(name: Name, value: Json | undefined): Partial<Record<Name, Json>> {
  if (value === undefined) return {};
  const large = typeof value === "object" || typeof value === "string" ? JSON.stringify(value).length : 0;
  return { [name]: large > MAX_FACT_LENGTH ? null : value } as Partial<Record<Name, Json>>;
}
