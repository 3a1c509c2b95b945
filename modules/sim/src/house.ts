import type { EpochMs, Json } from "@tram/protocol";
import {
  type GreenhouseInputs,
  type GreenhouseState,
  LONGEST_STEP_S,
  stepGreenhouse,
  valveFlow,
} from "./greenhouse-model.ts";
import type { Controls, HouseMemory } from "./house-memory.ts";
import { saturationVapour } from "./moist-air.ts";
import { type Random, seededRandom } from "./seeded-random.ts";
import { stepClouds, type Weather, weatherAt } from "./weather.ts";

const FIRST_CONTROLS: Controls = {
  fanOn: false,
  fanSpeed: 100,
  valveOpen: false,
  automatic: true,
  outsideTemperature: 28,
  sun: 0,
};

/** The greenhouse lived so long before the first reading, that it begins in balance with its weather. */
const WARM_UP_S = 3 * 3_600;
/** Steps are cut to this length, so that the result hardly depends on how often the sensors are read. */
const STEP_S = LONGEST_STEP_S / 2;

/** The simulated greenhouse with everything around it. It knows no clock: time is told to it. */
export class House {
  readonly #utcOffsetHours: number;
  readonly #windRandom: Random;
  readonly #cloudRandom: Random;
  #controls: Controls;
  #air: GreenhouseState;
  #cloud = 0.2;
  #weather: Weather;
  doorOpen = false;

  /**
   * @param wall simulated wall-clock time at the beginning.
   * @param memory what `memory` of an earlier house gave.
   */
  constructor(
    settings: { readonly seed: number; readonly utcOffsetHours: number },
    wall: EpochMs,
    memory?: HouseMemory,
  ) {
    this.#utcOffsetHours = settings.utcOffsetHours;
    this.#windRandom = seededRandom(settings.seed, 1);
    this.#cloudRandom = seededRandom(settings.seed, 2);
    this.#controls = memory?.controls ?? FIRST_CONTROLS;
    this.#weather = this.#weatherNow(wall);
    this.#air = memory?.air ?? this.#balanced();
  }

  get controls(): Controls {
    return this.#controls;
  }

  get air(): GreenhouseState {
    return this.#air;
  }

  get weather(): Weather {
    return this.#weather;
  }

  /** L/min. */
  get flow(): number {
    return valveFlow(this.#controls);
  }

  get memory(): HouseMemory {
    return { controls: this.#controls, air: this.#air };
  }

  /**
   * Sets one control. Setting a part of the weather holds all of it as it is otherwise.
   * @param value already checked against the description of the property.
   */
  set(control: keyof Controls, value: Json): void {
    const held =
      control === "outsideTemperature" || control === "sun"
        ? {
            automatic: false,
            outsideTemperature: this.#weather.outsideTemperature,
            sun: this.#weather.sun,
          }
        : control === "automatic" && value === false
          ? { outsideTemperature: this.#weather.outsideTemperature, sun: this.#weather.sun }
          : {};
    this.#controls = { ...this.#controls, ...held, [control]: value };
    if (!this.#controls.automatic) this.#weather = this.#held(this.#weather);
  }

  /**
   * Lets simulated time pass.
   * @param seconds how long.
   * @param wall simulated wall-clock time at the end.
   */
  pass(seconds: number, wall: EpochMs): void {
    for (let left = seconds; left > 0; left -= STEP_S) {
      const step = Math.min(left, STEP_S);
      this.#cloud = stepClouds(this.#cloud, step, this.#cloudRandom);
      this.#weather = this.#weatherNow(wall - (left - step) * 1_000);
      this.#air = stepGreenhouse(this.#air, this.#inputs(), step, this.#windRandom);
    }
  }

  #weatherNow(wall: EpochMs): Weather {
    const weather = weatherAt(wall, this.#utcOffsetHours, this.#cloud);
    return this.#controls.automatic ? weather : this.#held(weather);
  }

  #held(weather: Weather): Weather {
    const { outsideTemperature, sun } = this.#controls;
    return { ...weather, outsideTemperature, sun };
  }

  #balanced(): GreenhouseState {
    const { outsideTemperature, outsideHumidity } = this.#weather;
    let air: GreenhouseState = {
      airTemperature: outsideTemperature,
      vapour: (saturationVapour(outsideTemperature) * outsideHumidity) / 100,
      soilMoisture: 55,
    };
    for (let passed = 0; passed < WARM_UP_S; passed += STEP_S) {
      air = { ...stepGreenhouse(air, this.#inputs(), STEP_S, this.#windRandom), soilMoisture: 55 };
    }
    return air;
  }

  #inputs(): GreenhouseInputs {
    const { fanOn, fanSpeed, valveOpen } = this.#controls;
    return { ...this.#weather, fan: fanOn ? fanSpeed / 100 : 0, valveOpen, doorOpen: this.doorOpen };
  }
}
