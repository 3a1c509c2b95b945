import {
  type Instant,
  isJsonObject,
  type Json,
  type Ms,
  type Origin,
  type PropertyKey,
  type ThingId,
} from "@tram/protocol";

/** What is kept of a property that falls back to a safe value, or that a person holds. Survives restarts. */
export interface GuardedState {
  /** Since when the property is away from its safe value. */
  readonly away?: {
    readonly since: Instant;
    /** Who asked for it; `device` when nobody did. */
    readonly by: Origin;
    /** What was observed that made them ask. */
    readonly because?: { readonly thing: ThingId; readonly property: PropertyKey };
  };
  /** It ran for as long as it may, and machines leave it alone for so long. */
  readonly rest?: { readonly since: Instant; readonly ms: Ms };
  /** A person has decided, and machines keep off for so long. */
  readonly hold?: { readonly since: Instant; readonly ms: Ms; readonly by: Origin };
}

/** Reads a row of the store. What cannot be read is nothing. */
export function readGuardedState(stored: Json): GuardedState {
  if (!isJsonObject(stored)) return {};
  const { away, rest, hold } = stored;
  return {
    ...(isSpan(away) && typeof away.by === "string"
      ? { away: away as unknown as NonNullable<GuardedState["away"]> }
      : {}),
    ...(isSpan(rest) && typeof rest.ms === "number"
      ? { rest: rest as unknown as NonNullable<GuardedState["rest"]> }
      : {}),
    ...(isSpan(hold) && typeof hold.ms === "number" && typeof hold.by === "string"
      ? { hold: hold as unknown as NonNullable<GuardedState["hold"]> }
      : {}),
  };
}

function isSpan(part: Json | undefined): part is { readonly [key: string]: Json } {
  if (part === undefined || !isJsonObject(part) || !isJsonObject(part.since ?? null)) return false;
  const { wall, monotonic, bootId, trust } = part.since as { readonly [key: string]: Json };
  return (
    typeof wall === "number" &&
    typeof monotonic === "number" &&
    typeof bootId === "string" &&
    typeof trust === "string"
  );
}
