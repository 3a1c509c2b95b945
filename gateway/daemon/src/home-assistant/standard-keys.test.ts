import { THING_MODELS } from "@tram/protocol/models";
import { expect, test } from "vitest";
import { BINARY_SENSOR_KEYS, SENSOR_KEYS } from "./standard-keys.ts";

/** Keys of the models that are an entity of a component, with its class. */
function placesOf(component: string): readonly (readonly [deviceClass: string | undefined, key: string])[] {
  return [...THING_MODELS.values()].flatMap((model) =>
    model["hass:entities"]
      .filter((entity) => entity.component === component)
      .map(({ device_class, uses }) => [device_class, uses.state ?? ""] as const),
  );
}

test.each([...SENSOR_KEYS])("a sensor of %s is where a model has it: %s", (deviceClass, key) => {
  expect(placesOf("sensor")).toContainEqual([deviceClass, key]);
});

test.each([...BINARY_SENSOR_KEYS])(
  "a binary sensor of %s is where a model has one: %s",
  (_deviceClass, key) => {
    expect(placesOf("binary_sensor").map(([, place]) => place)).toContain(key);
  },
);
