import { type Fields, fields, member, text } from "./outside.ts";

/** The longest value that is sent, as JSON. In characters; the gateway takes no more. */
const LONGEST_VALUE = 65_536;
const LONGEST_NAME = 256;

export interface Target {
  readonly thing: string;
  readonly property: string;
}

export type WishRead =
  | { readonly ok: true; readonly target: Target; readonly value: unknown }
  | { readonly ok: false; readonly problem: string };

/**
 * What a message wants. Where the node names a property, the payload is its value. Otherwise the payload is
 * `{ thing, property, value }`, or the topic is `thing/node/name`, as messages of *Thing in* have it.
 * @param set what the node says; either of the two may be missing.
 */
export function readWish(
  msg: Fields,
  set: { readonly thing?: string; readonly property?: string },
): WishRead {
  if (set.thing !== undefined && set.property !== undefined) {
    return wish(set.thing, set.property, msg.payload);
  }
  const payload = fields(msg.payload);
  if (payload !== undefined && Object.hasOwn(payload, "value") && Object.hasOwn(payload, "property")) {
    return wish(
      set.thing ?? text(member(payload, "thing")),
      set.property ?? text(member(payload, "property")),
      member(payload, "value"),
    );
  }
  const [, thing, property] = /^([^/]+)\/(.+)$/.exec(text(msg.topic) ?? "") ?? [];
  if (set.thing === undefined) return wish(thing, set.property ?? property, msg.payload);
  // Of a node that names the Thing, the topic may be the property alone.
  const own = thing === set.thing ? property : text(msg.topic);
  return wish(set.thing, set.property ?? own, msg.payload);
}

function wish(thing: string | undefined, property: string | undefined, value: unknown): WishRead {
  if (thing === undefined) return { ok: false, problem: "thing: expected the id of a Thing, found none" };
  if (property === undefined) return { ok: false, problem: "property: expected one, found none" };
  if (thing.length > LONGEST_NAME || property.length > LONGEST_NAME) {
    return { ok: false, problem: `thing, property: expected at most ${LONGEST_NAME} characters` };
  }
  // Half of a pair of UTF-16 has no place in an address.
  if (!thing.isWellFormed() || !property.isWellFormed()) {
    return { ok: false, problem: "thing, property: expected texts that can be sent" };
  }
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // In a circle, or a bigint.
  }
  if (json === undefined) return { ok: false, problem: "payload: expected a value that JSON can say" };
  if (json.length > LONGEST_VALUE) {
    return {
      ok: false,
      problem: `payload: expected at most ${LONGEST_VALUE} characters, found ${json.length}`,
    };
  }
  // As it is now: the flow may change its message while the value waits.
  return { ok: true, target: { thing, property }, value: JSON.parse(json) };
}
