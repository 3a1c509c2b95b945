import { saturationVapour } from "./moist-air.ts";
import type { Random } from "./seeded-random.ts";

/** What a small film greenhouse is like inside, as far as its sensors can tell. */
export interface GreenhouseState {
  /** °C. */
  readonly airTemperature: number;
  /** Water vapour in the air, g/m³. */
  readonly vapour: number;
  /** Water in the grow bags, as a percentage of what they can hold. */
  readonly soilMoisture: number;
}

/** What acts on it. */
export interface GreenhouseInputs {
  /** °C. */
  readonly outsideTemperature: number;
  /** Relative humidity outside, 0…100 %. */
  readonly outsideHumidity: number;
  /** Global radiation on the roof, W/m². */
  readonly sun: number;
  /** How hard the fan blows, 0…1. */
  readonly fan: number;
  readonly valveOpen: boolean;
  readonly doorOpen: boolean;
}

/** A tunnel of 20 m² with 400 L of growing medium. The values are of the size that textbooks give for plastic film. */
export const GREENHOUSE = {
  /** m². */
  floor: 20,
  /** m³. */
  volume: 60,
  /** Share of the radiation on the roof that ends as warmth inside. */
  solarGain: 0.3,
  /** Loss through the cover, W/K. */
  coverLoss: 300,
  /** Heat that the air, the frame, the plants and the top of the beds take up, J/K. */
  heatCapacity: 600_000,
  /** Air changes each hour through gaps, without wind and door. */
  leakPerHour: 1,
  doorPerHour: 10,
  /** Air changes each hour at full fan speed: one a minute, the usual size for cooling. */
  fanPerHour: 60,
  /** How easily plants give off water in the dark and, in addition, in full sun, m/s. */
  darkTranspiration: 0.002,
  sunTranspiration: 0.004,
  /** Litres that the growing medium holds. */
  waterCapacity: 400,
  /** Moisture below which plants give off nothing any more, and below which they begin to save, %. */
  wiltingMoisture: 5,
  thirstyMoisture: 40,
  /** Flow of the open valve, L/min. */
  valveFlow: 8,
} as const;

/** Heat in a cubic metre of air, J/(m³·K): density 1.2 kg/m³ × 1005 J/(kg·K). */
const AIR_HEAT = 1_206;
/** Heat that a gram of evaporating water takes, J/g, at 25 °C. */
const EVAPORATION_HEAT = 2_442;
/** The longest step that keeps the parts of the model in step with each other, s. */
export const LONGEST_STEP_S = 60;

/**
 * Lets the greenhouse live for a while.
 *
 * Heat: sun in; through the cover, with the exchanged air, and into evaporating water out. Vapour: from plants and
 * through exchanged air; what exceeds saturation condenses on the cover. Water: from the valve, to the plants.
 * Temperature and vapour follow the exact solution of their linear equation over the step, so they approach their
 * balance and never overshoot it, however strong the fan is.
 *
 * @param dtSeconds length of the step, 0…60 s.
 * @param random makes the wind at the gaps.
 * @throws {RangeError} for a step outside of its range.
 */
export function stepGreenhouse(
  state: GreenhouseState,
  inputs: GreenhouseInputs,
  dtSeconds: number,
  random: Random,
): GreenhouseState {
  if (!(dtSeconds >= 0 && dtSeconds <= LONGEST_STEP_S)) {
    throw new RangeError(`a step of ${dtSeconds} s is not within 0 and ${LONGEST_STEP_S} s`);
  }
  const exchange = airExchange(inputs, random());
  const saturation = saturationVapour(state.airTemperature);
  const leaves = transpirationConductance(state, inputs.sun);
  // Air that holds more than the leaves do would give water to them: dew, which is not modelled.
  const transpired = leaves * Math.max(0, saturation - state.vapour);

  const outsideVapour = (saturationVapour(inputs.outsideTemperature) * inputs.outsideHumidity) / 100;
  const vapour =
    transpired > 0
      ? approach(
          state.vapour,
          (exchange * outsideVapour + leaves * saturation) / (exchange + leaves),
          ((exchange + leaves) * dtSeconds) / GREENHOUSE.volume,
        )
      : approach(state.vapour, outsideVapour, (exchange * dtSeconds) / GREENHOUSE.volume);

  const loss = GREENHOUSE.coverLoss + exchange * AIR_HEAT;
  const gain = GREENHOUSE.solarGain * GREENHOUSE.floor * inputs.sun - EVAPORATION_HEAT * transpired;
  const airTemperature = approach(
    state.airTemperature,
    inputs.outsideTemperature + gain / loss,
    (loss * dtSeconds) / GREENHOUSE.heatCapacity,
  );

  const litres = (valveFlow(inputs) / 60 - transpired / 1_000) * dtSeconds;
  const soilMoisture = state.soilMoisture + (100 * litres) / GREENHOUSE.waterCapacity;
  return {
    airTemperature,
    vapour: Math.min(vapour, saturationVapour(airTemperature)),
    soilMoisture: Math.min(100, Math.max(0, soilMoisture)),
  };
}

/** Flow through the valve, L/min. */
export function valveFlow(inputs: Pick<GreenhouseInputs, "valveOpen">): number {
  return inputs.valveOpen ? GREENHOUSE.valveFlow : 0;
}

/** Air that is exchanged with the outside, m³/s. @param wind 0…1. */
function airExchange(inputs: GreenhouseInputs, wind: number): number {
  const perHour =
    GREENHOUSE.leakPerHour * (0.5 + wind) +
    (inputs.doorOpen ? GREENHOUSE.doorPerHour : 0) +
    GREENHOUSE.fanPerHour * inputs.fan;
  return (perHour * GREENHOUSE.volume) / 3_600;
}

/** Volume of air that the leaves could saturate each second, m³/s. */
function transpirationConductance(state: GreenhouseState, sun: number): number {
  const { wiltingMoisture, thirstyMoisture, darkTranspiration, sunTranspiration } = GREENHOUSE;
  const water = (state.soilMoisture - wiltingMoisture) / (thirstyMoisture - wiltingMoisture);
  // Leaf pores open with light and are half open at about 200 W/m².
  const light = darkTranspiration + (sunTranspiration * sun) / (sun + 200);
  return GREENHOUSE.floor * light * Math.min(1, Math.max(0, water));
}

/** Solution of x' = rate · (balance − x) after `rateTimesTime`. */
function approach(value: number, balance: number, rateTimesTime: number): number {
  return balance + (value - balance) * Math.exp(-rateTimesTime);
}
