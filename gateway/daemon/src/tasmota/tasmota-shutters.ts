import type { Json } from "@tram/protocol";
import type { DeviceShape } from "../foreign/device-shape.ts";
import type { ReadBinding } from "../foreign/foreign-device.ts";
import { asNumber, at } from "../foreign/json-payload.ts";
import type { TasmotaTopics } from "./tasmota-device.ts";

const COMMANDS: Readonly<Record<string, string>> = {
  open: "ShutterOpen",
  close: "ShutterClose",
  stop: "ShutterStop",
};

/** https://tasmota.github.io/docs/Blinds-and-Shutters/: `{"Shutter1":{"Position":40,"Direction":1,"Target":60,"Tilt":0}}`. */
export function addShutters(shape: DeviceShape, topics: TasmotaTopics): void {
  const { cmnd, shutters } = topics.config;
  for (const [index, { inverted, tilt }] of shutters.entries()) {
    const number = index + 1;
    const node = shutters.length === 1 ? "cover" : `cover-${number}`;
    const turned = (position: number): number => (inverted ? 100 - position : position);
    const reads = (decode: (found: Json) => Json | undefined): readonly ReadBinding[] => [
      ...topics.state([`Shutter${number}`], decode, [
        ...Object.values(COMMANDS).map((command) => `${command}${number}`),
        `ShutterPosition${number}`,
      ]),
      ...topics.sensor([`Shutter${number}`], decode),
    ];
    const position = (found: Json): number | undefined => {
      const told = asNumber(at(found, "Position") ?? null);
      return told === undefined ? undefined : turned(told);
    };
    shape.add({
      keys: [`${node}/command`],
      affordance: { type: "string", enum: Object.keys(COMMANDS), title: "Command" },
      reads: [],
      write: {
        topic: `${cmnd}ShutterStop${number}`,
        encode: (value) => ({
          topic: `${cmnd}${COMMANDS[String(value)] ?? "ShutterStop"}${number}`,
          payload: "",
          qos: 1,
          retain: false,
        }),
      },
    });
    shape.add({
      keys: [`${node}/state`],
      affordance: {
        type: "string",
        enum: ["open", "opening", "closed", "closing", "stopped"],
        title: "State",
      },
      reads: reads((found) => stateOf(position(found), asNumber(at(found, "Direction") ?? null), inverted)),
    });
    shape.add({
      keys: [`${node}/position`],
      affordance: { type: "integer", unit: "%", minimum: 0, maximum: 100, title: "Position" },
      reads: reads(position),
      write: topics.write(`ShutterPosition${number}`, (value) => String(turned(Number(value)))),
    });
    const [least = 0, most = 0] = tilt;
    if (most <= least) continue;
    shape.add({
      keys: [`${node}/tilt`],
      affordance: { type: "integer", unit: "%", minimum: 0, maximum: 100, title: "Tilt" },
      reads: reads((found) => {
        const angle = asNumber(at(found, "Tilt") ?? null);
        return angle === undefined ? undefined : Math.round(((angle - least) / (most - least)) * 100);
      }),
      write: topics.write(`ShutterTilt${number}`, (value) =>
        String(Math.round(least + (Number(value) / 100) * (most - least))),
      ),
    });
  }
}

function stateOf(
  position: number | undefined,
  direction: number | undefined,
  inverted: boolean,
): string | undefined {
  if (position === undefined) return undefined;
  const way = (direction ?? 0) * (inverted ? -1 : 1);
  if (way !== 0) return way > 0 ? "opening" : "closing";
  return position >= 100 ? "open" : position <= 0 ? "closed" : "stopped";
}
