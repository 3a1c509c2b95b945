import { fields, short, text, word } from "./outside.ts";
import type { NodeMessage } from "./red.ts";

/** What can be done with a rule by hand: the last part of the gateway's path. */
export const ACTIONS = ["run", "enable", "disable", "cancel", "resume"] as const;
export type Action = (typeof ACTIONS)[number];

/** The longest variables that are sent, as JSON. In characters. */
const LONGEST = 65_536;
const LONGEST_ID = 256;

export interface RuleWish {
  readonly rule: string;
  readonly action: Action;
  /** Of a run alone. */
  readonly body?: { readonly variables?: unknown; readonly unconditionally?: true };
}

export type RuleWishRead =
  | { readonly ok: true; readonly wish: RuleWish }
  | { readonly ok: false; readonly problem: string };

/**
 * What a message wants of a rule. Where the node names none, the topic does, as messages of *rule trigger* have it.
 * A payload that is a plain object is the variables of a run; any other says that there was a message, no more.
 * @param set what the node says; `action` is `msg` where the message is to say it, and then a run where it does not.
 */
export function readRuleWish(
  msg: NodeMessage,
  set: { readonly rule?: string; readonly action: Action | "msg"; readonly unconditionally: boolean },
): RuleWishRead {
  const rule = set.rule ?? text(msg.topic);
  if (rule === undefined) return { ok: false, problem: "rule: expected the id of a rule, found none" };
  if (rule.length > LONGEST_ID) {
    return { ok: false, problem: `rule: expected at most ${LONGEST_ID} characters, found ${rule.length}` };
  }
  // Half of a pair of UTF-16 has no place in an address.
  if (!rule.isWellFormed()) return { ok: false, problem: "rule: expected the id of a rule, found no text" };
  const action = set.action === "msg" ? word(msg.action ?? "run", ACTIONS) : set.action;
  if (action === undefined) {
    return { ok: false, problem: `action: expected ${ACTIONS.join(", ")}, found ${shown(msg.action)}` };
  }
  if (action !== "run") return { ok: true, wish: { rule, action } };
  // Whether conditions are asked is nothing to guess from "false" or 0.
  const unconditionally = msg.unconditionally ?? set.unconditionally;
  if (typeof unconditionally !== "boolean") {
    return {
      ok: false,
      problem: `unconditionally: expected true or false, found ${shown(msg.unconditionally)}`,
    };
  }
  const read = readVariables(msg.payload);
  if (typeof read === "string") return { ok: false, problem: read };
  return { ok: true, wish: { rule, action, body: { ...read, ...(unconditionally && { unconditionally }) } } };
}

/** A text as it is, of all else the kind: it may be a circle. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(short(value)) : typeof value;
}

/** As they are now: the flow may change its message while the wish waits. @returns a text: why they cannot be sent. */
function readVariables(payload: unknown): { variables?: unknown } | string {
  if (!isPlain(payload)) return {};
  let json: string | undefined;
  try {
    json = JSON.stringify(payload);
  } catch {
    // In a circle, or a bigint.
  }
  if (json === undefined) return "payload: expected variables that JSON can say";
  if (json.length > LONGEST) return `payload: expected at most ${LONGEST} characters, found ${json.length}`;
  return { variables: JSON.parse(json) };
}

/** A Buffer or a Date is no list of variables. Objects of function nodes have another `Object.prototype` than ours. */
function isPlain(value: unknown): boolean {
  if (fields(value) === undefined) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
