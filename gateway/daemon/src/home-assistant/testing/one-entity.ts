import { checkValue, type Json } from "@tram/protocol";
import { discoveryPlace, readDiscovery } from "../discovery-config.ts";
import type { EntityProperty } from "../entity-builder.ts";
import { type EntityIn, entityIn } from "../entity-in.ts";

/** The first entity of a discovery message. */
export function entity(topic: string, config: object): EntityIn {
  const place = discoveryPlace(topic, "homeassistant/");
  if (place === undefined) throw new Error(`${topic} is no discovery topic`);
  const read = readDiscovery(place, JSON.stringify(config));
  if (!read.ok) throw new Error(read.problem);
  const [first] = read.message.entities;
  if (first === undefined) throw new Error("no entity");
  return entityIn(first);
}

export function property({ properties }: EntityIn, role: string): EntityProperty {
  const found = properties.find((each) => each.role === role);
  if (found === undefined)
    throw new Error(`no ${role} among ${properties.map((each) => each.role).join(", ")}`);
  return found;
}

/** What a payload says, or the problem. */
export function reading(found: EntityIn, role: string, payload: string): Json | undefined {
  const decoded = property(found, role).binding.reads[0]?.decode(payload);
  if (decoded === undefined) return "not read";
  return decoded.ok ? decoded.value : `problem: ${decoded.problem}`;
}

/** What a command says: `topic payload`. */
export function writing(found: EntityIn, role: string, value: Json): string {
  const { affordance, write } = property(found, role).binding;
  const checked = checkValue(affordance, value);
  if (!checked.ok) return `refused: ${checked.problem}`;
  const message = write?.encode(checked.value);
  if (message === undefined) return "not written";
  return typeof message === "string" ? `problem: ${message}` : `${message.topic} ${message.payload}`;
}
