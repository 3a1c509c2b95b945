import {
  type Cause,
  type CommandId,
  ID_PATTERN,
  type Instant,
  type Json,
  PROPERTY_KEY_PATTERN,
  type PropertyKey,
  type ThingId,
} from "@tram/protocol";
import { type Static, Type } from "typebox";
import { shapeProblems } from "./shape-check.ts";

/**
 * What a rule must remember through a restart: plain JSON, kept by the daemon each time it changes.
 * The engine replaces it, and never changes it in place.
 */
const Closed = { additionalProperties: false } as const;
const AnyJson = Type.Unsafe<Json>(Type.Unknown());
const Count = Type.Integer({ minimum: 0 });

const SavedInstant = Type.Object(
  {
    wall: Type.Number(),
    monotonic: Type.Number(),
    bootId: Type.String(),
    trust: Type.Enum(["untrusted", "holdover", "synced"]),
  },
  Closed,
);

const SavedCause = Type.Object({ commandId: Type.Unsafe<CommandId>(Type.String()), depth: Count }, Closed);

/** A wait that began at `since`. */
const Wait = Type.Object({ since: SavedInstant, durationMs: Type.Number({ minimum: 0 }) }, Closed);
export type Wait = Static<typeof Wait>;

/** A value that matched, waiting for its `for`. */
const Pending = Type.Object(
  {
    ...Wait.properties,
    /** Due, but the value was not good: it fires on the next good one that still matches. */
    held: Type.Optional(Type.Boolean()),
    /** Of the reading that made the trigger true. */
    cause: Type.Optional(SavedCause),
  },
  Closed,
);
export type Pending = Static<typeof Pending>;

const WatchState = Type.Object(
  {
    /** The property that was watched, `thing/node/name`: another one begins anew. */
    on: Type.String(),
    /** Whether the last good value matched; always false of a trigger that fires on any change. */
    truth: Type.Boolean(),
    /** The last good value, where the trigger needs it. */
    last: Type.Optional(AnyJson),
    pending: Type.Optional(Pending),
  },
  Closed,
);
export type WatchState = Static<typeof WatchState>;

const TimeState = Type.Object(
  {
    /** The time of day as written. */
    at: Type.String(),
    /** The next occurrence, on the wall clock. */
    planned: Type.Optional(Type.Number()),
    /** The clock cannot be believed: nothing fires until it can. */
    held: Type.Optional(Type.Boolean()),
    /** Local dates on which it fired, the last few: a clock that steps back does not fire them again. */
    fired: Type.Array(Type.String()),
  },
  Closed,
);
export type TimeState = Static<typeof TimeState>;

const RunState = Type.Object(
  {
    id: Type.String(),
    /** The trigger that fired, for traces. */
    trigger: Type.String(),
    /** The version of the rule that it runs. */
    version: Type.String(),
    /** Index of the next action. */
    at: Count,
    /** The delay before it. Absent of a queued run that has not begun. */
    wait: Type.Optional(Wait),
    cause: Type.Optional(SavedCause),
  },
  Closed,
);
export type RunState = Static<typeof RunState>;

const Target = Type.Object(
  {
    thing: Type.Unsafe<ThingId>(Type.String({ pattern: ID_PATTERN })),
    property: Type.Unsafe<PropertyKey>(Type.String({ pattern: PROPERTY_KEY_PATTERN })),
  },
  Closed,
);

const SavedAction = Type.Union([
  Type.Object({ set: Type.String(), target: Type.Optional(Target), value: AnyJson }, Closed),
  Type.Object({ delayMs: Type.Number({ minimum: 0 }) }, Closed),
  Type.Object({ notify: Type.String(), level: Type.Enum(["info", "warning", "alarm"]) }, Closed),
]);

export const RuleState = Type.Object(
  {
    /** The file of the rule: while that is not readable, the rule is not taken for deleted. */
    file: Type.String(),
    /** The version that `triggers` belong to. */
    version: Type.String(),
    /** Runs so far: names the next one. */
    counter: Count,
    /** When a trigger last fired and the conditions held, on the wall clock. */
    lastFired: Type.Optional(Type.Number()),
    /** By the trigger's index. A trigger without one was never looked at. */
    triggers: Type.Record(Type.String(), Type.Union([WatchState, TimeState])),
    /** Under way, oldest first, then those that queue. */
    runs: Type.Array(RunState),
    /** The actions of the versions that runs are under way of: they finish on what they began with. */
    actions: Type.Record(Type.String(), Type.Array(SavedAction)),
  },
  Closed,
);
export type RuleState = Static<typeof RuleState>;

/** Exactly what the saved state holds of a moment, whatever else the object carries. */
export function saveInstant({ wall, monotonic, bootId, trust }: Instant): Static<typeof SavedInstant> {
  return { wall, monotonic, bootId, trust };
}

/** The optional `cause` of a pending trigger or a run. */
export function saveCause(cause: Cause | undefined): { cause?: Static<typeof SavedCause> } {
  return cause === undefined ? {} : { cause: { commandId: cause.commandId, depth: cause.depth } };
}

/** What is wrong with a saved state, in words; `undefined` when nothing is. */
export function stateProblem(saved: unknown): string | undefined {
  const first = shapeProblems(RuleState, saved)[0];
  if (first !== undefined) return first.path === "" ? first.problem : `${first.path}: ${first.problem}`;
  const { actions, runs } = saved as RuleState;
  const lost = runs.findIndex((run) => !Object.hasOwn(actions, run.version));
  return lost < 0 ? undefined : `runs[${lost}]: its actions are missing`;
}
