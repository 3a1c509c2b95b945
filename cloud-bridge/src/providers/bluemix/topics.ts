import type { Device, DeviceNames } from "./device-names.ts";

/** A message of the cloud, by its topic. */
export type Heard =
  | { readonly kind: "command"; readonly device: Device; readonly command: string; readonly format: string }
  /** An error of ours that the cloud tells of. */
  | { readonly kind: "notice" }
  /** An answer to a request of ours. */
  | { readonly kind: "response" }
  /** A request of the device management: `device/update`, `mgmt/initiate/firmware/download`. */
  | { readonly kind: "request"; readonly what: string };

const COMMAND = /^iot-2\/type\/([^/]+)\/id\/([^/]+)\/cmd\/([^/]+)\/fmt\/([^/]+)$/;

/** "MQTT connectivity for gateways" and "Device management protocol": who says what where. */
export class BluemixTopics {
  readonly #names: DeviceNames;
  readonly #thingType: string;

  constructor(names: DeviceNames, thingType: string) {
    this.#names = names;
    this.#thingType = thingType;
  }

  event({ type, id }: Device, event: string): string {
    return `iot-2/type/${type}/id/${id}/evt/${event}/fmt/json`;
  }

  /** What a gateway asks or tells the device management. */
  management(what: "mgmt/manage" | "response" | "notify"): string {
    return `iotdevice-1/${this.#own}/${what}`;
  }

  /** Of the gateway and of all devices of the Things' type: a filter cannot say whose. */
  commands(): readonly string[] {
    return [`iot-2/${this.#own}/cmd/+/fmt/+`, `iot-2/type/${this.#thingType}/id/+/cmd/+/fmt/+`];
  }

  notices(): string {
    return `iot-2/${this.#own}/notify`;
  }

  requests(): string {
    return `iotdm-1/${this.#own}/#`;
  }

  read(topic: string): Heard | undefined {
    if (topic === this.notices()) return { kind: "notice" };
    const own = `iotdm-1/${this.#own}/`;
    if (topic.startsWith(own)) {
      const what = topic.slice(own.length);
      return what === "response" || what.startsWith("response/")
        ? { kind: "response" }
        : { kind: "request", what };
    }
    const [matched, type = "", id = "", command = "", format = ""] = COMMAND.exec(topic) ?? [];
    return matched === undefined ? undefined : { kind: "command", device: { type, id }, command, format };
  }

  get #own(): string {
    const { type, id } = this.#names.gateway;
    return `type/${type}/id/${id}`;
  }
}
