import { THING_MODELS } from "@tram/protocol/models";

/** Home Assistant's device classes of binary sensors that warn of harm. */
const WARNS: ReadonlySet<string | undefined> = new Set([
  "smoke",
  "carbon_monoxide",
  "gas",
  "moisture",
  "tamper",
  "safety",
]);

/** By the name of a Thing Model: its properties that warn of smoke, gas, water where there should be none, or tampering. */
const ALARMS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [...THING_MODELS].map(([name, model]) => [
    name,
    new Set(
      (model["hass:entities"] ?? []).flatMap(({ component, device_class: kind, uses }) =>
        component === "binary_sensor" && WARNS.has(kind) && uses.state !== undefined ? [uses.state] : [],
      ),
    ),
  ]),
);

/** Whether a property warns, as the model of its Thing says. */
export function isAlarm(model: string | undefined, property: string): boolean {
  return model !== undefined && ALARMS.get(model)?.has(property) === true;
}
