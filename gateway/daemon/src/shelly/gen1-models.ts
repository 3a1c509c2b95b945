/** What a device of the first generation has, and so which topics it speaks. */
export interface Gen1Model {
  readonly relays?: number;
  /** Its relays measure power and energy. */
  readonly metered?: boolean;
  /** Two of its relays can move a shutter (`mode` `roller`). */
  readonly canRoll?: boolean;
  readonly inputs?: number;
  /** Channels that measure mains. */
  readonly meters?: number;
  /** How many phases it is wired to, where its channels are phases. */
  readonly isThreePhase?: boolean;
  readonly light?: "dimmer" | "tunable" | "bulb" | "strip";
  /** Names of what it senses: rows of `SENSORS` in gen1-device.ts. */
  readonly sensors?: readonly string[];
  /** It wakes for a moment only: that it is gone says nothing. */
  readonly sleeps?: boolean;
}

const DOOR = ["sensor/state", "sensor/lux", "sensor/tilt", "sensor/vibration", "sensor/battery"];
const MOTION = ["motion", "vibration", "lux", "bat"];

/**
 * By `model` of its announcement. https://shelly-api-docs.shelly.cloud/gen1/, sections "MQTT" of each device.
 * Left out: the TRV, whose settings are an API of their own.
 */
export const GEN1_MODELS: Readonly<Record<string, Gen1Model>> = {
  "SHSW-1": { relays: 1, inputs: 1 },
  "SHSW-PM": { relays: 1, metered: true, inputs: 1, sensors: ["temperature"] },
  "SHSW-L": { relays: 1, metered: true, inputs: 2, sensors: ["temperature"] },
  "SHSW-21": { relays: 2, canRoll: true, inputs: 2, sensors: ["relay/power", "relay/energy"] },
  "SHSW-25": { relays: 2, metered: true, canRoll: true, inputs: 2, sensors: ["temperature", "voltage"] },
  "SHSW-44": { relays: 4, metered: true, inputs: 4 },
  "SHPLG-1": { relays: 1, metered: true },
  "SHPLG2-1": { relays: 1, metered: true },
  "SHPLG-S": { relays: 1, metered: true, sensors: ["temperature"] },
  "SHPLG-U1": { relays: 1, metered: true },
  "SHUNI-1": { relays: 2, inputs: 2, sensors: ["adc/0"] },
  SHEM: { relays: 1, meters: 2 },
  "SHEM-3": { relays: 1, meters: 3, isThreePhase: true },
  "SHDM-1": { light: "dimmer", inputs: 2, sensors: ["light/0/power", "light/0/energy", "temperature"] },
  "SHDM-2": { light: "dimmer", inputs: 2, sensors: ["light/0/power", "light/0/energy", "temperature"] },
  "SHVIN-1": { light: "dimmer", sensors: ["light/0/power", "light/0/energy"] },
  "SHBDUO-1": { light: "tunable", sensors: ["light/0/power", "light/0/energy"] },
  "SHBLB-1": { light: "bulb" },
  "SHCB-1": { light: "bulb" },
  "SHCL-255": { light: "bulb" },
  SHRGBW2: { light: "strip", inputs: 1 },
  "SH2LED-1": { light: "strip" },
  "SHIX3-1": { inputs: 3 },
  "SHBTN-1": { inputs: 1, sensors: ["sensor/battery"], sleeps: true },
  "SHBTN-2": { inputs: 1, sensors: ["sensor/battery"], sleeps: true },
  "SHHT-1": { sensors: ["sensor/temperature", "sensor/humidity", "sensor/battery"], sleeps: true },
  "SHWT-1": { sensors: ["sensor/flood", "sensor/temperature", "sensor/battery"], sleeps: true },
  "SHDW-1": { sensors: DOOR, sleeps: true },
  "SHDW-2": { sensors: [...DOOR, "sensor/temperature"], sleeps: true },
  "SHSM-01": { sensors: ["sensor/smoke", "sensor/temperature", "sensor/battery"], sleeps: true },
  "SHSM-02": { sensors: ["sensor/smoke", "sensor/temperature", "sensor/battery"], sleeps: true },
  "SHGS-1": { sensors: ["sensor/gas", "sensor/concentration"] },
  "SHMOS-01": { sensors: MOTION },
  "SHMOS-02": { sensors: [...MOTION, "tmp"] },
  "SHSEN-1": {
    sensors: ["sensor/motion", "sensor/temperature", "sensor/humidity", "sensor/lux", "sensor/battery"],
  },
};
