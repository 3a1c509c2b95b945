import type { Json, PropertyAffordance, PropertyKey, Thing, ThingId } from "@tram/protocol";
import type { House } from "./house.ts";
import type { Controls } from "./house-memory.ts";
import { relativeHumidity } from "./moist-air.ts";
import { WATERING } from "./watering.ts";

/** One property of one device: how it is described, read and, where it takes commands, set. */
export interface Point {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  readonly affordance: PropertyAffordance;
  /** Absent on an occurrence, which cannot be read. */
  readonly read?: (house: House) => Json;
  /** A measured value: it has noise, and is repeated now and then though it does not change. */
  readonly analog?: { readonly noise: number };
  /** What a command to it sets. */
  readonly control?: keyof Controls;
}

interface Device {
  readonly part: string;
  /** The Thing Model that it follows. */
  readonly model?: string;
  readonly en: string;
  readonly vi: string;
  readonly points: readonly (Omit<Point, "thing" | "property"> & { readonly property: string })[];
  readonly actions?: NonNullable<Thing["actions"]>;
  readonly events?: NonNullable<Thing["events"]>;
}

const percent = { type: "number", unit: "%", minimum: 0, maximum: 100 } as const;

/** The devices of one greenhouse. Each is a Thing of its own, as its radio counterpart would be. */
const DEVICES: readonly Device[] = [
  {
    part: "climate",
    model: "temperature-humidity",
    en: "Greenhouse climate",
    vi: "Khí hậu nhà kính",
    points: [
      {
        property: "air/temperature",
        affordance: {
          ...titled("Air temperature", "Nhiệt độ không khí"),
          type: "number",
          unit: "°C",
          minimum: -40,
          maximum: 85,
          multipleOf: 0.1,
          readOnly: true,
        },
        read: (house) => house.air.airTemperature,
        analog: { noise: 0.03 },
      },
      {
        property: "air/humidity",
        affordance: {
          ...titled("Air humidity", "Độ ẩm không khí"),
          ...percent,
          multipleOf: 0.5,
          readOnly: true,
        },
        read: (house) => relativeHumidity(house.air.vapour, house.air.airTemperature),
        analog: { noise: 0.15 },
      },
    ],
  },
  {
    part: "soil",
    model: "soil",
    en: "Greenhouse soil",
    vi: "Đất trồng trong nhà kính",
    points: [
      {
        property: "soil/moisture",
        affordance: { ...titled("Soil moisture", "Độ ẩm đất"), ...percent, multipleOf: 0.5, readOnly: true },
        read: (house) => house.air.soilMoisture,
        analog: { noise: 0.05 },
      },
    ],
  },
  {
    part: "fan",
    model: "fan",
    en: "Greenhouse fan",
    vi: "Quạt nhà kính",
    points: [
      {
        property: "fan/on",
        affordance: { ...titled("On", "Bật"), type: "boolean" },
        read: (house) => house.controls.fanOn,
        control: "fanOn",
      },
      {
        property: "fan/speed",
        affordance: { ...titled("Speed", "Tốc độ"), ...percent, multipleOf: 5 },
        read: (house) => house.controls.fanSpeed,
        control: "fanSpeed",
      },
    ],
  },
  {
    part: "valve",
    model: "valve",
    en: "Irrigation valve",
    vi: "Van tưới",
    points: [
      {
        property: "valve/open",
        affordance: { ...titled("Open", "Mở"), type: "boolean" },
        read: (house) => house.controls.valveOpen,
        control: "valveOpen",
      },
      {
        property: "valve/flow",
        affordance: {
          ...titled("Flow", "Lưu lượng"),
          type: "number",
          unit: "L/min",
          minimum: 0,
          maximum: 30,
          multipleOf: 0.1,
          readOnly: true,
        },
        read: (house) => house.flow,
        analog: { noise: 0.03 },
      },
    ],
    actions: {
      [WATERING.action]: {
        ...titled("Water for a while", "Tưới trong một lúc"),
        input: { type: "integer", unit: "s", minimum: 1, maximum: WATERING.longestS },
      },
    },
    events: {
      [WATERING.event]: {
        ...titled("Watered", "Đã tưới xong"),
        data: { type: "number", unit: "L", minimum: 0 },
      },
    },
  },
  {
    part: "door",
    en: "Greenhouse door",
    vi: "Cửa nhà kính",
    points: [
      {
        property: "door/open",
        affordance: { ...titled("Open", "Đang mở"), type: "boolean", readOnly: true },
        read: (house) => house.doorOpen,
      },
    ],
  },
  {
    part: "button",
    en: "Greenhouse button",
    vi: "Nút bấm nhà kính",
    points: [
      {
        property: "button/press",
        affordance: {
          ...titled("Press", "Nhấn"),
          type: "string",
          enum: ["press", "double", "long"],
          readOnly: true,
          momentary: true,
        },
      },
    ],
  },
  {
    part: "weather",
    en: "Weather (simulated)",
    vi: "Thời tiết (mô phỏng)",
    points: [
      {
        property: "weather/automatic",
        affordance: {
          ...titled("Follows the time of day", "Theo giờ trong ngày"),
          description: "On: the simulated day decides. Setting the temperature or the sun turns it off.",
          type: "boolean",
        },
        read: (house) => house.controls.automatic,
        control: "automatic",
      },
      {
        property: "weather/outside-temperature",
        affordance: {
          ...titled("Outside temperature", "Nhiệt độ ngoài trời"),
          type: "number",
          unit: "°C",
          minimum: -20,
          maximum: 50,
          multipleOf: 0.1,
        },
        read: (house) => house.weather.outsideTemperature,
        analog: { noise: 0 },
        control: "outsideTemperature",
      },
      {
        property: "weather/sun",
        affordance: {
          ...titled("Sun", "Bức xạ mặt trời"),
          type: "number",
          unit: "W/m²",
          minimum: 0,
          maximum: 1_000,
          multipleOf: 10,
        },
        read: (house) => house.weather.sun,
        analog: { noise: 0 },
        control: "sun",
      },
    ],
  },
];

/** The Things of a greenhouse whose ids begin with `prefix`. */
export function greenhouseThings(prefix: string): readonly Thing[] {
  return DEVICES.map(({ actions, en, events, model, part, points, vi }) => ({
    id: idOf(prefix, part),
    ...titled(en, vi),
    ...(model === undefined ? {} : { model }),
    properties: Object.fromEntries(points.map(({ property, affordance }) => [property, affordance])),
    ...(actions === undefined ? {} : { actions }),
    ...(events === undefined ? {} : { events }),
  }));
}

/** All properties of the same Things, in the order in which they are reported. */
export function greenhousePoints(prefix: string): readonly Point[] {
  return DEVICES.flatMap(({ part, points }) =>
    points.map((point) => ({
      ...point,
      thing: idOf(prefix, part),
      property: point.property as PropertyKey,
    })),
  );
}

/** `sim`'s own configuration schema bounds the prefix, so the id is valid. */
function idOf(prefix: string, part: string): ThingId {
  return `${prefix}-${part}` as ThingId;
}

function titled(en: string, vi: string): { title: string; titles: Record<string, string> } {
  return { title: en, titles: { en, vi } };
}
