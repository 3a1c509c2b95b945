import { parseObject } from "./commands.ts";
import type { Device } from "./device-names.ts";

/** Why the cloud has thrown something of ours away. */
export interface Notice {
  readonly request: "publish" | "subscribe";
  readonly device?: Device;
  /** Bounded, without control characters. */
  readonly topic: string;
  readonly reason: string;
}

/** "Gateway notifications": what the cloud says, and what it means to somebody who looks at the console. */
const MEANINGS: readonly (readonly [RegExp, (device: Device) => string])[] = [
  [
    /per gateway/i,
    () => "IBM takes no more devices of this gateway: choose fewer with `things`, or use a second gateway",
  ],
  [/per org/i, () => "the organisation has as many devices as it may have"],
  [
    /device type/i,
    ({ type }) => `IBM does not know the device type ${type}: create it, or name one in \`thing_type\``,
  ],
  [
    /device id/i,
    ({ type, id }) => `IBM does not accept the device id ${id}: create it in the device type ${type}`,
  ],
  [
    /not (?:registered|found|exist|authori[sz]ed)|resource group/i,
    ({ type, id }) =>
      `IBM does not let this gateway speak for ${type}/${id}: register it and put it into the gateway's resource group`,
  ],
  [/topic/i, () => "IBM does not allow this topic to a gateway"],
  [/create device/i, ({ id }) => `IBM could not register the device ${id}`],
];
const MOST_CHARACTERS = 200;

/** @returns `undefined` for what is no notification. */
export function readNotice(payload: Uint8Array): Notice | undefined {
  const said = parseObject(payload);
  if (said === undefined) return undefined;
  const { Request: request, Type: type, Id: id, Topic: topic, RC: rc, Message: message } = said;
  if (request !== "publish" && request !== "subscribe") return undefined;
  const device =
    typeof type === "string" && typeof id === "string" ? { type: shown(type), id: shown(id) } : undefined;
  const text = shown(message);
  const [, meaning] = MEANINGS.find(([pattern]) => pattern.test(text)) ?? [];
  const code = typeof rc === "number" || typeof rc === "string" ? ` (${shown(rc)})` : "";
  const reason =
    meaning === undefined
      ? `IBM has thrown it away: ${text === "" ? "without a reason" : text}${code}`
      : `${meaning(device ?? { type: "?", id: "?" })}${code}`;
  return { request, topic: shown(topic), reason, ...(device === undefined ? {} : { device }) };
}

/** What a cloud says, as it may be shown. */
function shown(value: unknown): string {
  if (typeof value !== "string" && typeof value !== "number") return "";
  return String(value).replace(/\p{C}/gu, " ").slice(0, MOST_CHARACTERS);
}
