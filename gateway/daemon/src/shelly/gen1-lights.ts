import type { Json } from "@tram/protocol";
import { homieColor, isSameColor, partsOfColor } from "../foreign/color.ts";
import type { DeviceShape } from "../foreign/device-shape.ts";
import { asFlag, asNumber, at } from "../foreign/json-payload.ts";
import type { Gen1Topics } from "./gen1-device.ts";
import type { Gen1Model } from "./gen1-models.ts";

const PERCENT = { type: "integer", unit: "%", minimum: 0, maximum: 100, title: "Brightness" } as const;

/**
 * Each light tells `<kind>/<n>/status` and is told `<kind>/<n>/set`, in JSON:
 * https://shelly-api-docs.shelly.cloud/gen1/#shelly-rgbw2-mqtt, #shelly-dimmer-2-mqtt, #shelly-bulb-rgbw-mqtt.
 */
export function addGen1Lights(
  shape: DeviceShape,
  topics: Gen1Topics,
  { kind, mode }: { readonly kind: Gen1Model["light"]; readonly mode: string },
): void {
  if (kind === undefined) return;
  const isColor = kind === "bulb" || (kind === "strip" && mode !== "white");
  const word = isColor ? "color" : kind === "strip" ? "white" : "light";
  const channels = kind === "strip" && !isColor ? 4 : 1;
  for (let index = 0; index < channels; index++) {
    const from = `${word}/${index}`;
    const at_ = channels === 1 ? "light" : `light-${index + 1}`;
    const reads = (path: string, decode: (found: Json) => Json | undefined) =>
      topics.readsAt(`${from}/status`, path === "" ? [] : [path], decode);
    const set = (of: (value: Json) => Readonly<Record<string, unknown>>) =>
      topics.write(`${from}/set`, (value) => JSON.stringify(of(value)));
    shape.add({
      keys: [`${at_}/on`],
      affordance: { type: "boolean" },
      reads: reads("ison", asFlag),
      write: topics.write(`${from}/command`, (value) => (value === true ? "on" : "off")),
    });
    shape.add({
      keys: [`${at_}/brightness`],
      affordance: PERCENT,
      // In colour it is called gain.
      reads: isColor
        ? reads("", (status) =>
            asNumber(at(status, at(status, "mode") === "white" ? "brightness" : "gain") ?? null),
          )
        : reads("brightness", asNumber),
      write: set((value) => (isColor ? { gain: value, brightness: value } : { brightness: value })),
    });
    if (kind === "tunable" || kind === "bulb") {
      shape.add({
        keys: [`${at_}/color-temperature`],
        affordance: { type: "integer", unit: "K", minimum: kind === "bulb" ? 3_000 : 2_700, maximum: 6_500 },
        reads: reads("temp", asNumber),
        write: set((value) => ({ ...(kind === "bulb" ? { mode: "white" } : {}), temp: value })),
      });
    }
    if (isColor)
      addColor(shape, { key: `${at_}/color`, reads: reads("", colorOf), set, isBulb: kind === "bulb" });
  }
}

function addColor(
  shape: DeviceShape,
  {
    isBulb,
    key,
    reads,
    set,
  }: {
    readonly key: string;
    readonly reads: ReturnType<Gen1Topics["readsAt"]>;
    readonly set: (of: (value: Json) => Readonly<Record<string, unknown>>) => ReturnType<Gen1Topics["write"]>;
    readonly isBulb: boolean;
  },
): void {
  shape.add({
    keys: [key],
    affordance: { type: "string", format: "color", title: "Colour" },
    reads,
    write: {
      ...set((value) => {
        const [red, green, blue] = partsOfColor(String(value), "rgb");
        return { ...(isBulb ? { mode: "color" } : {}), red, green, blue };
      }),
      isSame: isSameColor,
    },
  });
}

function colorOf(status: Json): string | undefined {
  const parts = ["red", "green", "blue"].map((name) => asNumber(at(status, name) ?? null));
  return parts.every((part): part is number => part !== undefined) ? homieColor("rgb", parts) : undefined;
}
