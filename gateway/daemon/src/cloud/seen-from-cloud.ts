import type { BridgeHouse } from "@tram/cloud-bridge";
import type { CloudThing, ThingRecord } from "@tram/core";
import { homieState, type ThingId } from "@tram/protocol";
import type { House } from "../house.ts";
import { isAlarm } from "./alarm-properties.ts";

/** The house as clouds see it, whatever they may ask for. */
export function seenFromCloud({
  bus,
  registry,
}: Pick<House, "bus" | "registry">): Omit<BridgeHouse, "ask" | "turnedAway"> {
  const areaOf = (thing: string): string | undefined => registry.household.settingsOf(thing as ThingId)?.area;
  return {
    *readings() {
      for (const { thing } of registry.records()) yield* registry.readings(thing.id as ThingId);
    },
    *things() {
      for (const record of registry.records()) yield cloudThing(record);
    },
    describe: (thing) => registry.thing(thing as ThingId),
    facts: (thing, property) => {
      const described = registry.thing(thing as ThingId);
      if (described === undefined || !Object.hasOwn(described.properties, property)) return undefined;
      const affordance = described.properties[property];
      const area = areaOf(thing);
      return {
        alarm: isAlarm(described.model, property),
        settable: affordance?.readOnly !== true,
        numeric: affordance?.type === "number" || affordance?.type === "integer",
        ...(area === undefined ? {} : { area }),
      };
    },
    areaOf,
    onThing: (listener) => {
      const subscriptions = [
        bus.on("thing", ({ thing }, unit) => unit.after(() => listener(thing.id))),
        bus.on("availability", ({ record }, unit) => unit.after(() => listener(record.thing.id))),
        bus.on("retired", ({ id }, unit) => unit.after(() => listener(id))),
      ];
      return {
        [Symbol.dispose]: () => {
          for (const subscription of subscriptions) subscription[Symbol.dispose]();
        },
      };
    },
  };
}

function cloudThing({ thing, availability }: ThingRecord): CloudThing {
  const { id, title, model } = thing;
  return {
    id,
    title,
    available: availability === "ready",
    description: thing,
    state: homieState(availability),
    ...(model === undefined ? {} : { model }),
  };
}
