import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  GREENHOUSE,
  type GreenhouseInputs,
  type GreenhouseState,
  LONGEST_STEP_S,
  stepGreenhouse,
} from "./greenhouse-model.ts";
import { relativeHumidity, saturationVapour } from "./moist-air.ts";
import { seededRandom } from "./seeded-random.ts";

const noWind = (): number => 0.5;

const HOT_NOON: GreenhouseInputs = {
  outsideTemperature: 33,
  outsideHumidity: 52,
  sun: 800,
  fan: 0,
  valveOpen: false,
  doorOpen: false,
};
const START: GreenhouseState = { airTemperature: 33, vapour: 20, soilMoisture: 55 };

/** Lets it live until it is in balance; the soil is kept as it is. */
function balance(inputs: GreenhouseInputs, start = START): GreenhouseState {
  let state = start;
  for (let step = 0; step < 24 * 60; step++) {
    state = { ...stepGreenhouse(state, inputs, 60, noWind), soilMoisture: start.soilMoisture };
  }
  return state;
}

describe("heat", () => {
  test("the sun makes a closed greenhouse hotter than the air outside, by what a person would call hot", () => {
    const { airTemperature } = balance(HOT_NOON);
    expect(airTemperature).toBeGreaterThan(38);
    expect(airTemperature).toBeLessThan(52);
  });

  test("the fan lowers the balance, the more the faster it blows, towards the air outside", () => {
    const temperatures = [0, 0.25, 0.5, 1].map((fan) => balance({ ...HOT_NOON, fan }).airTemperature);
    for (const [index, temperature] of temperatures.slice(1).entries()) {
      expect(temperature).toBeLessThan((temperatures[index] ?? 0) - 0.3);
    }
    expect(temperatures.at(-1)).toBeLessThan(35);
  });

  test("plants with water cool what dry plants do not", () => {
    const dry = balance({ ...HOT_NOON, fan: 0.5 }, { ...START, soilMoisture: 3 });
    const watered = balance({ ...HOT_NOON, fan: 0.5 });
    expect(watered.airTemperature).toBeLessThan(dry.airTemperature - 1);
  });

  test("an open door cools", () => {
    expect(balance({ ...HOT_NOON, doorOpen: true }).airTemperature).toBeLessThan(
      balance(HOT_NOON).airTemperature - 2,
    );
  });

  test("without sun it ends near the air outside", () => {
    const { airTemperature } = balance({ ...HOT_NOON, sun: 0 }, { ...START, airTemperature: 50 });
    expect(airTemperature).toBeGreaterThan(30);
    expect(airTemperature).toBeLessThanOrEqual(33);
  });

  test("the heat that is stored and lost is the heat of the sun", () => {
    // Dry soil: no evaporation, so the energy balance has three terms only.
    const before = { airTemperature: 40, vapour: 20, soilMoisture: 0 };
    const dt = 0.01;
    const { airTemperature } = stepGreenhouse(before, HOT_NOON, dt, noWind);
    const stored = ((airTemperature - 40) * GREENHOUSE.heatCapacity) / dt;
    const exchanged = (GREENHOUSE.leakPerHour * GREENHOUSE.volume) / 3_600;
    const lost = (GREENHOUSE.coverLoss + exchanged * 1_206) * (40 - 33);
    expect(stored + lost).toBeCloseTo(GREENHOUSE.solarGain * GREENHOUSE.floor * 800, 0);
  });
});

describe("water", () => {
  test("an open valve raises the moisture with every step until the soil is full", () => {
    let state = { ...START, soilMoisture: 10 };
    let steps = 0;
    while (state.soilMoisture < 100) {
      const next = stepGreenhouse(state, { ...HOT_NOON, valveOpen: true }, 30, noWind);
      expect(next.soilMoisture).toBeGreaterThan(state.soilMoisture);
      state = next;
      expect(++steps).toBeLessThan(120);
    }
    expect(stepGreenhouse(state, { ...HOT_NOON, valveOpen: true }, 30, noWind).soilMoisture).toBe(100);
    // 90 % of 400 L at 8 L/min, and a little for the plants.
    expect(steps * 30).toBeGreaterThan(45 * 60);
    expect(steps * 30).toBeLessThan(50 * 60);
  });

  test("plants dry the soil by day more than by night, and stop at the wilting point", () => {
    const lost = (sun: number): number =>
      55 - stepGreenhouse(START, { ...HOT_NOON, sun }, 60, noWind).soilMoisture;
    expect(lost(0)).toBeGreaterThan(0);
    expect(lost(800)).toBeGreaterThan(1.5 * lost(0));
    let state = START;
    for (let step = 0; step < 40 * 24 * 60; step++) state = stepGreenhouse(state, HOT_NOON, 60, noWind);
    expect(state.soilMoisture).toBeGreaterThan(GREENHOUSE.wiltingMoisture - 0.1);
    expect(state.soilMoisture).toBeLessThan(GREENHOUSE.wiltingMoisture + 3);
  });

  test("plants make the closed house damp and the fan dries it", () => {
    const humidity = ({ vapour, airTemperature }: GreenhouseState): number =>
      relativeHumidity(vapour, airTemperature);
    expect(humidity(balance(HOT_NOON))).toBeGreaterThan(75);
    expect(humidity(balance({ ...HOT_NOON, fan: 1 }))).toBeLessThan(65);
  });
});

test("in a cold night the water that the air cannot hold any more condenses", () => {
  let state: GreenhouseState = { airTemperature: 30, vapour: saturationVapour(30), soilMoisture: 55 };
  for (let minute = 0; minute < 60; minute++) {
    state = stepGreenhouse(state, { ...HOT_NOON, outsideTemperature: 5, sun: 0 }, 60, noWind);
    expect(state.vapour).toBeLessThanOrEqual(saturationVapour(state.airTemperature));
  }
  expect(state.airTemperature).toBeLessThan(12);
});

const anyInputs: fc.Arbitrary<GreenhouseInputs> = fc.record({
  outsideTemperature: fc.double({ min: -20, max: 50, noNaN: true }),
  outsideHumidity: fc.double({ min: 0, max: 100, noNaN: true }),
  sun: fc.double({ min: 0, max: 1_000, noNaN: true }),
  fan: fc.double({ min: 0, max: 1, noNaN: true }),
  valveOpen: fc.boolean(),
  doorOpen: fc.boolean(),
});
const anyState: fc.Arbitrary<GreenhouseState> = fc
  .record({
    airTemperature: fc.double({ min: -20, max: 60, noNaN: true }),
    humidity: fc.double({ min: 0, max: 1, noNaN: true }),
    soilMoisture: fc.double({ min: 0, max: 100, noNaN: true }),
  })
  .map(({ airTemperature, humidity, soilMoisture }) => ({
    airTemperature,
    vapour: humidity * saturationVapour(airTemperature),
    soilMoisture,
  }));

test("stays within what is possible, however the weather and the devices jump, for steps of up to 60 s", () => {
  fc.assert(
    fc.property(
      anyState,
      fc.array(fc.tuple(anyInputs, fc.double({ min: 0, max: LONGEST_STEP_S, noNaN: true })), {
        minLength: 1,
        maxLength: 200,
      }),
      fc.integer(),
      (start, steps, seed) => {
        const random = seededRandom(seed);
        let state = start;
        for (const [inputs, dt] of steps) {
          const before = state;
          state = stepGreenhouse(before, inputs, dt, random);
          // Nothing gets hotter than itself or than the sun can make it through the cover alone …
          const sunniest = (GREENHOUSE.solarGain * GREENHOUSE.floor * inputs.sun) / GREENHOUSE.coverLoss;
          expect(state.airTemperature).toBeLessThanOrEqual(
            Math.max(before.airTemperature, inputs.outsideTemperature + sunniest) + 1e-9,
          );
          // … nor colder than evaporation, which ends when the air is saturated, can make it.
          expect(state.airTemperature).toBeGreaterThan(
            Math.min(before.airTemperature, inputs.outsideTemperature) - 15,
          );
          expect(state.airTemperature).toBeGreaterThan(-40);
          expect(state.vapour).toBeGreaterThanOrEqual(0);
          expect(state.vapour).toBeLessThanOrEqual(saturationVapour(state.airTemperature) + 1e-9);
          expect(state.soilMoisture).toBeGreaterThanOrEqual(0);
          expect(state.soilMoisture).toBeLessThanOrEqual(100);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("hardly depends on the length of the step", () => {
  const after = (dt: number): GreenhouseState => {
    let state = START;
    for (let passed = 0; passed < 7_200; passed += dt) {
      state = stepGreenhouse(state, { ...HOT_NOON, fan: 0.3, valveOpen: true }, dt, noWind);
    }
    return state;
  };
  expect(after(60).airTemperature).toBeCloseTo(after(1).airTemperature, 0);
  expect(after(60).soilMoisture).toBeCloseTo(after(1).soilMoisture, 0);
});

test.each([-1, LONGEST_STEP_S + 1, Number.NaN])("refuses a step of %s s", (dt) => {
  expect(() => stepGreenhouse(START, HOT_NOON, dt, noWind)).toThrow(RangeError);
});
