import { ID_PATTERN, namePattern } from "@tram/protocol";

const ID = ID_PATTERN.slice(1, -1);
/** A level of a name, in which `*` stands for any characters of that level. */
const LEVEL = "[a-z0-9*](?:[a-z0-9*-]{0,62}[a-z0-9*])?";

/** `pump`, `pump/motor/speed`, `sensor-*`, or the temperature of every Thing: `*` for the Thing, then node and property. */
export const NAME_FILTER_PATTERN = `^${LEVEL}(?:/${LEVEL}/${LEVEL})?$`;
/** `motor/speed`, or every temperature: `*` for the node. */
export const PROPERTY_FILTER_PATTERN = `^${LEVEL}/${LEVEL}$`;
/** An area of the house. */
export const AREA_PATTERN = `^${ID}$`;

type Takes = (name: string) => boolean;

/** A list of Things and of single properties, by name or with `*`. */
export class NameFilter {
  /** Things and properties that are named in full, and those that are not. */
  readonly #names: ReadonlySet<string>;
  readonly #patterns: readonly Takes[];
  /** What the Thing of a choice is, for the question whether anything of a Thing is chosen. */
  readonly #things: readonly Takes[];

  /** @param choices as {@link NAME_FILTER_PATTERN} or {@link PROPERTY_FILTER_PATTERN} has them. */
  constructor(choices: readonly string[]) {
    this.#names = new Set(choices);
    this.#patterns = choices.filter((choice) => choice.includes("*")).map(byLevel);
    this.#things = choices.map((choice) => byLevel(choice.split("/", 1)[0] ?? choice));
  }

  /** Whether this very name is chosen: a Thing as a whole, or a property. */
  has(name: string): boolean {
    return this.#names.has(name) || this.#patterns.some((takes) => takes(name));
  }

  /** Whether a property is chosen, by itself or with its Thing. */
  hasProperty(thing: string, property: string): boolean {
    return this.has(thing) || this.has(`${thing}/${property}`);
  }

  /** Whether anything of a Thing is chosen. */
  touches(thing: string): boolean {
    return this.#names.has(thing) || this.#things.some((takes) => takes(thing));
  }
}

/** `*` stays within its level. */
function byLevel(choice: string): Takes {
  const levels = choice.split("/").map(namePattern);
  return (name) => {
    const parts = name.split("/");
    return parts.length === levels.length && levels.every((takes, at) => takes(parts[at] ?? ""));
  };
}
