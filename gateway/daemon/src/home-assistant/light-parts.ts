import type { PropertyAffordance } from "@tram/protocol";
import { kelvinOfMired, miredOfKelvin } from "../foreign/color.ts";
import type { Options } from "./options.ts";

export const COLOR: PropertyAffordance = { type: "string", format: "color", title: "Colour" };
const ROOM = { kelvin: { min: 2_000, max: 6_535 }, mireds: { min: 153, max: 500 } } as const;

/** The range of colour temperatures that a light tells, in kelvins. @param kelvin it counts in kelvins itself. */
export function temperature(options: Options, kelvin: boolean): PropertyAffordance {
  const [least, most] = kelvin
    ? [options.number("min_kelvin") ?? ROOM.kelvin.min, options.number("max_kelvin") ?? ROOM.kelvin.max]
    : [
        toKelvin(options.number("max_mireds") ?? ROOM.mireds.max, false),
        toKelvin(options.number("min_mireds") ?? ROOM.mireds.min, false),
      ];
  return {
    type: "integer",
    unit: "K",
    ...(least === undefined ? {} : { minimum: Math.floor(least) }),
    ...(most === undefined ? {} : { maximum: Math.ceil(most) }),
    title: "Colour temperature",
  };
}

/** @returns undefined for what is no colour temperature. */
export function toKelvin(number: number | undefined, kelvin: boolean): number | undefined {
  if (number === undefined) return undefined;
  if (!kelvin) return kelvinOfMired(number);
  return Number.isFinite(number) && number > 0 ? Math.round(number) : undefined;
}

export function fromKelvin(value: number, kelvin: boolean): number {
  return kelvin ? value : miredOfKelvin(value);
}
