import { type PropertyAffordance, type PropertyKey, parsePropertyKey, slugThingId } from "@tram/protocol";
import type { PropertyBinding } from "./foreign-device.ts";
import { standardAffordance } from "./model-of.ts";

/** Properties of one device of a dialect. */
export const PROPERTY_LIMIT = 128;

/** A property as its device calls it. */
export interface Part extends Omit<PropertyBinding, "affordance"> {
  /** `air/temperature`: what is wished for, the best first. What is taken already goes to another part. */
  readonly keys: readonly string[];
  /** The key in the Thing Models that it is like, where it is not the first of `keys`. */
  readonly like?: string | undefined;
  /** Beyond what the Thing Models say of that. */
  readonly affordance?: Partial<PropertyAffordance>;
  /** What people call where it belongs to, such as `Garden pump`. */
  readonly node?: string | undefined;
}

/** Puts the properties of a device together, each in its place, and no more than there may be. */
export class DeviceShape {
  readonly properties = new Map<PropertyKey, PropertyBinding>();
  readonly nodes: Record<string, { title: string }> = {};
  readonly problems: string[] = [];

  add(part: Part): void {
    if (this.properties.size >= PROPERTY_LIMIT) {
      this.problem(`more than ${PROPERTY_LIMIT} properties`);
      return;
    }
    const { keys, reads, write } = part;
    const key = keys.map(parsePropertyKey).find((each) => each !== undefined && !this.properties.has(each));
    if (key === undefined) {
      this.problem(`${keys[0]?.slice(0, 80)}: there is another one of that name`);
      return;
    }
    const base = standardAffordance(part.like ?? keys[0] ?? "") ?? { type: "string" };
    const { readOnly: _, writeOnly: __, observable: ___, ...described } = { ...base, ...part.affordance };
    const affordance: PropertyAffordance = {
      ...described,
      ...(write === undefined ? { readOnly: true } : {}),
      ...(reads.length === 0 ? { writeOnly: true, momentary: true } : { observable: true }),
    };
    this.properties.set(key, { affordance, reads, ...(write === undefined ? {} : { write }) });
    const [node = ""] = key.split("/");
    this.nodes[node] ??= { title: titleOf(part.node) ?? node };
  }

  problem(problem: string): void {
    if (this.problems.length < 16 && !this.problems.includes(problem)) this.problems.push(problem);
  }
}

/** A title that a device gives, cut to what a Thing may have. */
export function titleOf(text: unknown): string | undefined {
  return typeof text === "string" && text.trim() !== "" ? text.trim().slice(0, 256) : undefined;
}

/** A part of a key, of a name that a device gives. */
export function keyPart(name: string): string {
  return slugThingId(name.replace(/([a-z])([A-Z])/g, "$1-$2"));
}
