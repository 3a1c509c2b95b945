import type { Thing } from "@tram/protocol";

/** A house has many devices of few kinds. */
const REMEMBERED = 32;
/** A longer description is held by its Thing alone. In characters of JSON. */
const LONGEST = 16_384;

/** Devices of one kind describe themselves in the same words: what was said before is held once for all of them. */
export class SharedParts {
  /** By their JSON, the one that was used last at the end. */
  readonly #known = new Map<string, object>();

  /** The same description, of parts that other Things have too. Nobody may change them. */
  share(thing: Thing): Thing {
    const { actions, events, nodes, properties } = thing;
    return {
      ...thing,
      properties: this.#same(properties),
      ...(nodes && { nodes: this.#same(nodes) }),
      ...(actions && { actions: this.#same(actions) }),
      ...(events && { events: this.#same(events) }),
    };
  }

  #same<Part extends object>(part: Part): Part {
    const text = JSON.stringify(part);
    if (text.length > LONGEST) return part;
    // Of this text there is no other part.
    const same = (this.#known.get(text) ?? part) as Part;
    this.#known.delete(text);
    this.#known.set(text, same);
    if (this.#known.size > REMEMBERED) this.#known.delete(this.#known.keys().next().value ?? "");
    return same;
  }
}
