import type { ReportedReading } from "@tram/module-sdk";
import {
  type Cause,
  type Json,
  jsonEqual,
  type Ms,
  type PropertyAffordance,
  roundToStep,
} from "@tram/protocol";
import type { Point } from "./greenhouse-things.ts";
import type { House } from "./house.ts";
import { noise, type Random } from "./seeded-random.ts";

/** Reads the house through its sensors and finds what is worth telling: what changed, and what was silent for long. */
export class Sensors {
  readonly #points: readonly Point[];
  readonly #repeatMs: Ms;
  readonly #random: Random;
  readonly #told = new Map<Point, { readonly value: Json; readonly at: Ms }>();

  constructor(points: readonly Point[], options: { readonly repeatMs: Ms; readonly random: Random }) {
    this.#points = points;
    this.#repeatMs = options.repeatMs;
    this.#random = options.random;
  }

  /** Reads all sensors. @param now monotonic time. */
  sample(house: House, now: Ms): readonly Omit<ReportedReading, "time">[] {
    const readings: Omit<ReportedReading, "time">[] = [];
    for (const point of this.#points) {
      if (point.read === undefined) continue;
      const value = this.#measure(point, point.read(house));
      const told = this.#told.get(point);
      const due = point.analog !== undefined && told !== undefined && now - told.at >= this.#repeatMs;
      if (told !== undefined && !due && jsonEqual(told.value, value)) continue;
      this.#told.set(point, { value, at: now });
      readings.push({ thing: point.thing, property: point.property, value });
    }
    return readings;
  }

  /** Reads back what a command set: the property itself, and what it changed beside. @param now monotonic time. */
  readBack(point: Point, house: House, cause: Cause, now: Ms): readonly Omit<ReportedReading, "time">[] {
    this.#told.delete(point);
    const controls = this.#points.filter(
      ({ control, thing }) => control !== undefined && thing === point.thing,
    );
    const readings: Omit<ReportedReading, "time">[] = [];
    for (const each of controls) {
      if (each.read === undefined) continue;
      const value = settled(each.affordance, each.read(house));
      if (jsonEqual(this.#told.get(each)?.value, value)) continue;
      this.#told.set(each, { value, at: now });
      readings.push({ thing: each.thing, property: each.property, value, cause });
    }
    return readings;
  }

  #measure(point: Point, value: Json): Json {
    // Drawn for every analog value, used or not, so that one sensor does not shift the noise of the others.
    const error = point.analog === undefined ? 0 : noise(this.#random) * point.analog.noise;
    // A meter that stands still has no noise.
    return settled(point.affordance, typeof value === "number" && value !== 0 ? value + error : value);
  }
}

/** Brings a value to the range and the step of its sensor. */
function settled(affordance: PropertyAffordance, value: Json): Json {
  if (typeof value !== "number") return value;
  const { minimum = value, maximum = value } = affordance;
  return roundToStep(affordance, Math.min(maximum, Math.max(minimum, value)));
}
