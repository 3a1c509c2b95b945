/** A device as its organisation knows it. */
export interface Device {
  readonly type: string;
  readonly id: string;
}

/** What a gateway may publish. */
export type Published = { readonly device: Device } & (
  | { readonly kind: "event"; readonly event: string; readonly format: string }
  | { readonly kind: "management"; readonly what: string }
);

/** "MQTT client identifier": of device types and device ids. */
const NAME = /^[A-Za-z0-9_.-]{1,36}$/;
const EVENT = /^iot-2\/type\/([^/]+)\/id\/([^/]+)\/evt\/([^/+#]+)\/fmt\/([^/+#]+)$/;
const MANAGEMENT = /^iotdevice-1\/type\/([^/]+)\/id\/([^/]+)\/([^+#]+)$/;
/** "Device management protocol": everything that a device may say. */
const SAYINGS: ReadonlySet<string> = new Set([
  "mgmt/manage",
  "mgmt/unmanage",
  "response",
  "notify",
  "device/update/location",
  "add/diag/errorCodes",
  "clear/diag/errorCodes",
  "add/diag/log",
  "clear/diag/log",
]);
const COMMANDS = /^iot-2\/type\/([^/]+)\/id\/([^/]+)\/cmd\/([^/#]+)\/fmt\/([^/#]+)$/;
const REQUESTS = /^iotdm-1\/type\/([^/]+)\/id\/([^/]+)\/.+$/;

export function isName(name: string): boolean {
  return NAME.test(name);
}

/** @returns `undefined` for a topic that matches no rule. */
export function readPublish(topic: string): Published | undefined {
  const [event, type = "", id = "", name = "", format = ""] = EVENT.exec(topic) ?? [];
  if (event !== undefined) return { kind: "event", device: { type, id }, event: name, format };
  const [management, ofType = "", ofId = "", what = ""] = MANAGEMENT.exec(topic) ?? [];
  if (management === undefined || !SAYINGS.has(what)) return undefined;
  return { kind: "management", device: { type: ofType, id: ofId }, what };
}

/**
 * @param own the gateway that asks.
 * @returns the device that a filter names, `any` where it has a wildcard, `undefined` where no rule lets it be.
 */
export function readFilter(filter: string, own: Device): Device | "any" | undefined {
  if (filter === `iot-2/type/${own.type}/id/${own.id}/notify`) return own;
  const [matched, type = "", id = ""] = COMMANDS.exec(filter) ?? REQUESTS.exec(filter) ?? [];
  if (matched === undefined || !levelsAreWhole(filter)) return undefined;
  if (![type, id].every((level) => level === "+" || NAME.test(level))) return undefined;
  return type === "+" || id === "+" ? "any" : { type, id };
}

/** MQTT 3.1.1 §4.7.1: a wildcard has its level to itself, and `#` is the last one. */
function levelsAreWhole(filter: string): boolean {
  const levels = filter.split("/");
  return levels.every((level, at) =>
    level === "#" ? at === levels.length - 1 : level === "+" || !/[+#]/.test(level),
  );
}
