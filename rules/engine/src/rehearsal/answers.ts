import {
  type Availability,
  type Cause,
  type CommandId,
  checkValue,
  isAway,
  type Json,
  type Ms,
  type PropertyKey,
  type RuleId,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import type { Effect, Outcome } from "../events.ts";

/** Commands that may lead to each other, as the command service of the gateway has it. */
const MAX_CAUSE_DEPTH = 8;
/** How long a command waits for its confirmation, where the property does not say. */
const CONFIRM_MS: Ms = 10_000;

/** What the world outside does with something that a rule wants. */
export type Answer =
  | {
      readonly kind: "confirm";
      readonly afterMs: Ms;
      /** What an action or an HTTP request brings. */
      readonly value?: Json;
    }
  /** It takes it and tells nothing, or is not reached. */
  | { readonly kind: "silent" }
  | { readonly kind: "fail"; readonly reason: string };

/** What comes of an effect. */
export interface Reply {
  readonly afterMs: Ms;
  /** What a device reports then. */
  readonly report?: {
    readonly thing: ThingId;
    readonly property: PropertyKey;
    readonly value: Json;
    readonly cause: Cause;
    readonly chain: readonly RuleId[];
  };
  readonly outcome: Outcome;
}

/** What the world outside knows of a house. */
export interface Outside {
  readonly things: ReadonlyMap<string, Thing>;
  readonly availability: (thing: string) => Availability | undefined;
  /** For what nothing of the house stands against. */
  readonly answer: (effect: Effect) => Answer;
}

/** What comes of an effect, as the command service and the devices of a gateway would have it. */
export function replyTo(effect: Effect, outside: Outside, commandId: CommandId): Reply {
  if (effect.kind === "set") return replyToSet(effect, outside, commandId);
  if (effect.kind === "invoke") {
    const against = refusalOf(effect.thing, (effect.cause?.depth ?? 0) + 1, outside);
    if (against !== undefined) return refused(against);
  }
  const answer = outside.answer(effect);
  if (answer.kind === "fail") return failed(answer.reason);
  if (answer.kind === "silent") {
    return { afterMs: effect.kind === "http" ? effect.timeoutMs : CONFIRM_MS, outcome: { state: "timeout" } };
  }
  const { afterMs, value } = answer;
  const brings = value ?? (effect.kind === "http" ? { ok: true, status: 200, body: null } : null);
  return { afterMs, outcome: { state: "confirmed", value: brings } };
}

function replyToSet(effect: Extract<Effect, { kind: "set" }>, outside: Outside, commandId: CommandId): Reply {
  const { cause, chain, property, thing } = effect;
  const depth = (cause?.depth ?? 0) + 1;
  const against = refusalOf(thing, depth, outside);
  if (against !== undefined) return refused(against);
  const affordance = outside.things.get(thing)?.properties[property];
  if (affordance === undefined && outside.things.size > 0)
    return refused(`${thing} has no property ${property}`);
  if (affordance?.readOnly === true) return refused(`${thing}/${property} is read-only`);
  const checked = affordance === undefined ? undefined : checkValue(affordance, effect.value);
  if (checked?.ok === false) return refused(checked.problem);
  const value = checked?.value ?? effect.value;
  const answer = outside.answer(effect);
  if (answer.kind === "fail") return failed(answer.reason);
  if (answer.kind === "silent") {
    const outcome = { state: "expired", detail: "the device did not confirm in time" };
    return { afterMs: affordance?.confirmMs ?? CONFIRM_MS, outcome };
  }
  const { afterMs } = answer;
  if (affordance?.writeOnly === true) return { afterMs, outcome: { state: "sent" } };
  const report = { thing, property, value, cause: { commandId, depth }, chain };
  return { afterMs, report, outcome: { state: "confirmed", value } };
}

function refusalOf(thing: string, depth: number, { availability, things }: Outside): string | undefined {
  if (depth > MAX_CAUSE_DEPTH) return `more than ${MAX_CAUSE_DEPTH} commands led to each other`;
  if (things.size > 0 && !things.has(thing)) return `there is no Thing ${thing}`;
  const now = availability(thing);
  return now !== undefined && isAway(now) ? `${thing} is ${now}` : undefined;
}

function refused(detail: string): Reply {
  return { afterMs: 0, outcome: { state: "refused", detail } };
}

function failed(detail: string): Reply {
  return { afterMs: 0, outcome: { state: "failed", detail } };
}
