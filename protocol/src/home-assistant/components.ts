/**
 * What an entity of Home Assistant is made of: for each component the uses of properties that its MQTT discovery knows
 * (https://www.home-assistant.io/integrations/mqtt/#discovery-messages-and-availability).
 */
export interface HassUses {
  /** One of them at least. */
  readonly main: readonly string[];
  readonly more: readonly string[];
}

const STATE: HassUses = { main: ["state"], more: [] };

export const HASS_COMPONENTS = {
  binary_sensor: STATE,
  button: { main: ["command"], more: [] },
  climate: {
    main: ["mode"],
    more: [
      "temperature",
      "current_temperature",
      "current_humidity",
      "target_humidity",
      "action",
      "fan_mode",
      "swing_mode",
      "preset_mode",
    ],
  },
  cover: { main: ["command", "position"], more: ["state", "tilt"] },
  event: STATE,
  fan: { main: ["state"], more: ["percentage", "preset_mode", "oscillation", "direction"] },
  humidifier: { main: ["state"], more: ["target_humidity", "current_humidity", "mode", "action"] },
  light: { main: ["state"], more: ["brightness", "color_temp", "color"] },
  lock: STATE,
  number: STATE,
  select: STATE,
  sensor: STATE,
  siren: STATE,
  switch: STATE,
  text: STATE,
  valve: { main: ["state", "position"], more: [] },
} as const satisfies Readonly<Record<string, HassUses>>;

export type HassComponent = keyof typeof HASS_COMPONENTS;

/** How statistics of a sensor are made. */
export const HASS_STATE_CLASSES = ["measurement", "measurement_angle", "total", "total_increasing"] as const;
