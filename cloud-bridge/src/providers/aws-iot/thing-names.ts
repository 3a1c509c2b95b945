import { createHash } from "node:crypto";
import { AWS_LIMITS } from "./limits.ts";

/** What stands between the gateway's name and its child's. The gateway's own name never holds it. */
const JOINT = "--";
/** Of a name that had to be cut: 40 bits in hexadecimal. */
const HASH_CHARACTERS = 10;

/**
 * The names of Things in AWS IoT: the gateway's own, and `<gateway>--<thing>` for each Thing behind it. The gateway's
 * name is also its client id, by which policies tell it from others, and the name of the shadows that it keeps for its
 * children.
 */
export class ThingNames {
  readonly gateway: string;
  readonly #id: string;
  readonly #byName = new Map<string, string>();
  readonly #byId = new Map<string, string>();

  /**
   * @param id of the gateway in the house.
   * @param name of its Thing in AWS IoT; default is the id, made to fit.
   */
  constructor(id: string, name?: string) {
    this.#id = id;
    this.gateway = name ?? gatewayName(id);
  }

  /** The AWS IoT name of a Thing of the house. The gateway's id stands for the gateway. */
  of(id: string): string {
    if (id === this.#id) return this.gateway;
    let name = this.#byId.get(id);
    if (name === undefined) {
      name = this.#make(id);
      this.#byId.set(id, name);
      this.#byName.set(name, id);
    }
    return name;
  }

  /** The Thing of the house that an AWS IoT name stands for, if it has been named before. */
  idOf(name: string): string | undefined {
    return name === this.gateway ? this.#id : this.#byName.get(name);
  }

  /** Whether a Thing could not have its plain name. */
  isCut(id: string): boolean {
    return id !== this.#id && this.of(id) !== this.gateway + JOINT + id;
  }

  #make(id: string): string {
    const plain = this.gateway + JOINT + id;
    if (plain.length <= AWS_LIMITS.thingNameCharacters && /^[a-zA-Z0-9:_-]+$/.test(id)) return plain;
    const hash = createHash("sha256").update(id).digest("hex").slice(0, HASH_CHARACTERS);
    const room = AWS_LIMITS.thingNameCharacters - HASH_CHARACTERS - 1;
    const cut = plain.replace(/[^a-zA-Z0-9:_-]/g, "-").slice(0, room);
    return `${cut}_${hash}`;
  }
}

/**
 * A name for the gateway: at most 64 characters, because its children's shadows have it too, and without `--`, so that
 * a policy for `farm--*` never covers the children of a gateway `farm--2`.
 */
function gatewayName(id: string): string {
  return (
    id
      .replace(/[^a-zA-Z0-9:_-]/g, "-")
      .replace(/-{2,}/g, "-")
      .slice(0, AWS_LIMITS.shadowNameCharacters)
      .replace(/-+$/, "") || "gateway"
  );
}
