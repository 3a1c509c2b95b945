import type { Json, PropertyAffordance } from "@tram/protocol";
import { type DeviceShape, keyPart } from "../foreign/device-shape.ts";
import { asNumber, at, decodeAt, parseJson } from "../foreign/json-payload.ts";
import type { TasmotaConfig, TasmotaSensor } from "./tasmota-config.ts";

interface Quantity {
  readonly unit?: string;
  /** Where the Thing Models have it. */
  readonly key?: string;
  /** Into the unit of the model. */
  readonly convert?: (value: number, payload: string) => number;
}

/** Names of measurements that the drivers of the firmware share: https://tasmota.github.io/docs/Home-Assistant/ and /Supported-Peripherals/. */
const QUANTITIES: Readonly<Record<string, Quantity>> = {
  Temperature: { key: "air/temperature", convert: celsius },
  Humidity: { key: "air/humidity" },
  DewPoint: { unit: "°C", convert: celsius },
  Pressure: { key: "air/pressure", convert: hectopascal },
  SeaPressure: { unit: "hPa", convert: hectopascal },
  Illuminance: { key: "ambient/illuminance" },
  Illumination: { key: "ambient/illuminance" },
  CarbonDioxide: { key: "air/co2" },
  TVOC: { key: "air/tvoc" },
  PM1: { key: "air/pm1" },
  "PM2.5": { key: "air/pm25" },
  PM10: { key: "air/pm10" },
  Moisture: { key: "soil/moisture" },
  UvIndex: { key: "sun/uv-index" },
  Distance: { unit: "cm" },
};

/** https://tasmota.github.io/docs/Energy-Monitoring/ */
const ENERGY: Readonly<Record<string, Quantity>> = {
  Power: { key: "meter/power" },
  Voltage: { key: "meter/voltage" },
  Current: { key: "meter/current" },
  Frequency: { key: "meter/frequency" },
  Factor: { key: "meter/power-factor" },
  Total: { key: "meter/energy" },
  ExportTotal: { key: "meter/energy-exported" },
  Today: { unit: "kWh" },
  Yesterday: { unit: "kWh" },
  ApparentPower: { unit: "VA" },
  ReactivePower: { unit: "var" },
};

/** Properties of what a device measures. */
export function addSensors(
  shape: DeviceShape,
  { stat, tele }: TasmotaConfig,
  sensors: readonly TasmotaSensor[],
): void {
  for (const path of sensors) {
    const [driver = "", name = driver, phase] = path;
    const table = driver === "ENERGY" ? ENERGY : QUANTITIES;
    const quantity: Quantity = Object.hasOwn(table, name) ? (table[name] ?? {}) : {};
    const { convert } = quantity;
    const decode = (payload: string) => (found: Json) => {
      const number = asNumber(found);
      return number === undefined || convert === undefined ? number : convert(number, payload);
    };
    const read = (topic: string, ...within: readonly string[]) => ({
      topic,
      decode: (payload: string) => decodeAt([...within, ...path], decode(payload))(payload),
    });
    shape.add({
      keys: keysOf(path, phase === undefined ? quantity.key : phaseKey(quantity.key, phase)),
      affordance: affordanceOf(quantity),
      node: driver,
      reads: [read(`${tele}SENSOR`), read(`${stat}STATUS10`, "StatusSNS")],
    });
  }
}

function keysOf(path: readonly string[], standard: string | undefined): readonly string[] {
  const [driver = "", ...names] = path;
  const own = `${keyPart(driver)}/${names.length === 0 ? "value" : keyPart(names.join(" "))}`;
  return standard === undefined ? [own] : [standard, own];
}

/** A meter of three phases tells a list: `"Power":[120,0,35]`. */
function phaseKey(key: string | undefined, index: string): string | undefined {
  return key === undefined ? undefined : `phase-${Number(index) + 1}/${key.split("/")[1]}`;
}

function affordanceOf({ key, unit }: Quantity): Partial<PropertyAffordance> {
  if (key !== undefined) return {};
  return unit === undefined ? { type: "number" } : { type: "number", unit };
}

function celsius(value: number, payload: string): number {
  if (unitIn(payload, "TempUnit") !== "F") return value;
  return Math.round(((value - 32) / 1.8) * 100) / 100;
}

/** SetOption24 and SetSensor say in which unit: hPa, mmHg or inHg. */
function hectopascal(value: number, payload: string): number {
  const factor = { mmHg: 1.333224, inHg: 33.86389 }[unitIn(payload, "PressureUnit") ?? ""] ?? 1;
  return factor === 1 ? value : Math.round(value * factor * 10) / 10;
}

function unitIn(payload: string, name: string): string | undefined {
  const json = parseJson(payload);
  const unit = at(json, name) ?? at(json, "StatusSNS", name);
  return typeof unit === "string" ? unit : undefined;
}
