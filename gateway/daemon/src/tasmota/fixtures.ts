import type { JsonObject } from "@tram/protocol";

/**
 * What devices with Tasmota say, as its documentation and its users show it: https://tasmota.github.io/docs/MQTT/,
 * /Energy-Monitoring/, /Lights/, /Blinds-and-Shutters/ and the discovery messages in the tests of hatasmota.
 */
export const MAC = "48551917E7AE";

export function config(more: JsonObject = {}): JsonObject {
  return {
    ip: "192.168.15.10",
    dn: "Kettle",
    fn: ["Tasmota", null, null, null, null, null, null, null],
    hn: "tasmota-17E7AE-1966",
    mac: MAC,
    md: "Nous A1T",
    ty: 0,
    if: 0,
    ofln: "Offline",
    onln: "Online",
    state: ["OFF", "ON", "TOGGLE", "HOLD"],
    sw: "13.1.0.1",
    t: "kettle",
    ft: "%prefix%/%topic%/",
    tp: ["cmnd", "stat", "tele"],
    rl: [1, ...Array<number>(31).fill(0)],
    swc: Array<number>(28).fill(-1),
    swn: Array<null>(28).fill(null),
    btn: Array<number>(28).fill(0),
    so: { 4: 0, 11: 0, 13: 0, 17: 0, 20: 0, 30: 0, 68: 0, 73: 0, 82: 0, 114: 0, 117: 0 },
    lk: 0,
    lt_st: 0,
    bat: 0,
    dslp: 0,
    sho: [],
    sht: [],
    ver: 1,
    ...more,
  };
}

export const ENERGY = {
  TotalStartTime: "2023-06-24T08:32:22",
  Total: 3.185,
  Yesterday: 3.058,
  Today: 0.127,
  Power: 2012,
  ApparentPower: 2020,
  ReactivePower: 180,
  Factor: 0.99,
  Voltage: 229,
  Current: 8.82,
};

export const SENSORS = { sn: { Time: "2023-06-24T08:39:31", ENERGY }, ver: 1 };

/** `tele/<topic>/STATE` of a light. */
export const LIGHT_STATE = {
  Time: "2024-01-01T00:00:00",
  Uptime: "0T00:40:09",
  POWER: "ON",
  Dimmer: 70,
  Color: "B32900A1CB",
  HSBColor: "14,100,70",
  White: 40,
  CT: 370,
  Channel: [70, 16, 0, 63, 80],
  Fade: "OFF",
  Speed: 1,
  Wifi: { AP: 1, SSId: "home", RSSI: 92, Signal: -54 },
};
