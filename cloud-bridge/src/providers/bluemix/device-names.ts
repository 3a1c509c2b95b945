import { createHash } from "node:crypto";
import { NAME_CHARACTERS, NAME_PATTERN } from "./limits.ts";

/** A device as the cloud calls it. */
export interface Device {
  readonly type: string;
  readonly id: string;
}

export interface DeviceNamesOptions {
  /** Id of the gateway in the house. */
  readonly gateway: string;
  readonly gatewayType: string;
  /** Default: the id in the house, made to fit. */
  readonly gatewayId?: string;
  readonly thingType: string;
}

/** Stands between the gateway's id and the Thing's; ids of Things never hold it. */
const JOINT = "_";
/** Of a name that had to be cut: 40 bits in hexadecimal. */
const HASH_CHARACTERS = 10;
const NAME = new RegExp(NAME_PATTERN);

/**
 * What the gateway and its Things are called in the cloud. Device ids are unique in an organisation, so a Thing's begins
 * with its gateway's; one that would be longer than 36 characters is cut and gets a hash.
 */
export class DeviceNames {
  readonly gateway: Device;
  readonly #house: string;
  readonly #thingType: string;
  readonly #devices = new Map<string, Device>();
  readonly #things = new Map<string, string>();

  constructor({ gateway, gatewayType, gatewayId, thingType }: DeviceNamesOptions) {
    this.#house = gateway;
    this.#thingType = thingType;
    this.gateway = { type: gatewayType, id: gatewayId ?? fit(gateway, gateway) };
  }

  /** The device of a Thing; the gateway's id in the house stands for the gateway. */
  of(thing: string): Device {
    if (thing === this.#house) return this.gateway;
    let device = this.#devices.get(thing);
    if (device === undefined) {
      const plain = `${this.gateway.id}${JOINT}${thing}`;
      device = { type: this.#thingType, id: fit(plain, plain) };
      this.#devices.set(thing, device);
      this.#things.set(device.id, thing);
    }
    return device;
  }

  /** The Thing that a device is, if it is one of ours and was named before. */
  thingOf({ type, id }: Device): string | undefined {
    if (type === this.gateway.type && id === this.gateway.id) return this.#house;
    return type === this.#thingType ? this.#things.get(id) : undefined;
  }

  isGateway(device: Device): boolean {
    return device.type === this.gateway.type && device.id === this.gateway.id;
  }

  /** Whether a Thing's name in the cloud does not tell which Thing it is. */
  isCut(thing: string): boolean {
    return thing !== this.#house && this.of(thing).id !== `${this.gateway.id}${JOINT}${thing}`;
  }
}

/** @param whole what the hash is made of. */
function fit(name: string, whole: string): string {
  if (NAME.test(name)) return name;
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, HASH_CHARACTERS);
  const room = NAME_CHARACTERS - HASH_CHARACTERS - JOINT.length;
  return `${name.replace(/[^A-Za-z0-9_.-]/g, "-").slice(0, room)}${JOINT}${hash}`;
}
