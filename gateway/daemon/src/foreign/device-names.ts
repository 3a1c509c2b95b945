import type { Registry } from "@tram/core";
import { slugThingId, type ThingId } from "@tram/protocol";
import { ancestorsOf } from "../mqtt/identity/homie-owner.ts";
import { foreignSource } from "./foreign-devices.ts";

export interface DeviceNamesParts {
  readonly registry: Pick<Registry, "get" | "speaker">;
  /** Id of the gateway: the root device of its Things. */
  readonly gateway: string;
  /** Whether an account has this name, of the configuration or granted. */
  readonly isAccount: (name: string) => boolean;
}

/** A device that is to have an id. */
export interface Nameless {
  readonly owner: string;
  /** What tells the devices of an account apart. */
  readonly identity: string;
  readonly title: string;
}

/**
 * Which ids devices get of their titles. A title is what the device wants to be called: it must not become the gateway's
 * own device, nor what is another account's in Homie, which could not speak for itself then.
 */
export class DeviceNames {
  readonly #parts: DeviceNamesParts;

  constructor(parts: DeviceNamesParts) {
    this.#parts = parts;
  }

  /** Whether a device of an account stays the Thing that it was, also where a new one would not get that id. */
  mayKeep(id: ThingId, owner: string): boolean {
    const source = this.#parts.registry.speaker(id);
    return id !== this.#parts.gateway && (source === undefined || source === foreignSource(owner));
  }

  /** An id of its title that nobody has. Where the title begins with another account's name, it begins with its owner's. */
  placeFor({ identity, owner, title }: Nameless): ThingId {
    const whole = `${title} ${identity}`;
    for (const name of [title, whole, `${owner} ${title}`, `${owner} ${whole}`]) {
      const id = slugThingId(name);
      if (!this.#isTaken(id, owner)) return id;
    }
    for (let count = 1; ; count++) {
      // No account owns it as a child: it has no parts.
      const id = slugThingId(`device${count}`);
      if (!this.#isTaken(id, owner)) return id;
    }
  }

  #isTaken(id: ThingId, owner: string): boolean {
    const { gateway, registry } = this.#parts;
    if (id === gateway || registry.get(id) !== undefined || registry.speaker(id) !== undefined) return true;
    return this.#isAnothers(id, owner);
  }

  /** `pump` and `pump-door` are the account `pump`'s, unless there is an account of the longer name. */
  #isAnothers(id: ThingId, owner: string): boolean {
    const account = [id, ...ancestorsOf(id)].find((name) => this.#parts.isAccount(name));
    return account !== undefined && account !== owner;
  }
}
