import type { Json } from "@tram/protocol";
import { schemaErrors } from "@tram/protocol/validator";
import { type Static, Type } from "typebox";

/** What commands set. */
const Controls = Type.Object({
  fanOn: Type.Boolean(),
  /** 0…100 %. Kept while the fan is off. */
  fanSpeed: Type.Number({ minimum: 0, maximum: 100 }),
  valveOpen: Type.Boolean(),
  /** The weather follows the time of day; otherwise it stays as it was set. */
  automatic: Type.Boolean(),
  /** °C; in force while `automatic` is off. */
  outsideTemperature: Type.Number({ minimum: -20, maximum: 50 }),
  /** W/m²; in force while `automatic` is off. */
  sun: Type.Number({ minimum: 0, maximum: 1_000 }),
});
export type Controls = Readonly<Static<typeof Controls>>;

/** What of a house outlives a restart of the gateway. */
const HouseMemory = Type.Object({
  controls: Controls,
  air: Type.Object({
    airTemperature: Type.Number({ minimum: -60, maximum: 100 }),
    vapour: Type.Number({ minimum: 0, maximum: 600 }),
    soilMoisture: Type.Number({ minimum: 0, maximum: 100 }),
  }),
});
export type HouseMemory = Static<typeof HouseMemory>;

/** Reads what the store kept. @returns `undefined` for something else than the memory of a house. */
export function readHouseMemory(stored: Json): HouseMemory | undefined {
  return isHouseMemory(stored) ? stored : undefined;
}

function isHouseMemory(stored: Json | HouseMemory): stored is HouseMemory {
  return schemaErrors(HouseMemory, stored) === undefined;
}
