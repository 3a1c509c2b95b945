import type { Cause, CommandId, Instant, Json, RuleAction, RuleId } from "@tram/protocol";
import { type Static, Type } from "typebox";
import { shapeProblems } from "./shape-check.ts";
import { TimeState } from "./trigger/time-state.ts";

/**
 * What a rule must remember through a restart: plain JSON, kept by the daemon each time it changes.
 * The engine replaces it, and never changes it in place.
 */
const Closed = { additionalProperties: false } as const;
const AnyJson = Type.Unsafe<Json>(Type.Unknown());
const Count = Type.Integer({ minimum: 0 });
const Text = Type.String();
const RuleName = Type.Unsafe<RuleId>(Type.String());

const SavedInstant = Type.Object(
  {
    wall: Type.Number(),
    monotonic: Type.Number(),
    bootId: Type.String(),
    trust: Type.Enum(["untrusted", "holdover", "synced"]),
  },
  Closed,
);
export type SavedInstant = Static<typeof SavedInstant>;

const SavedCause = Type.Object({ commandId: Type.Unsafe<CommandId>(Type.String()), depth: Count }, Closed);
const Chain = Type.Optional(Type.Array(RuleName));

/** A wait that began at `since`. */
const Wait = Type.Object({ since: SavedInstant, durationMs: Type.Number({ minimum: 0 }) }, Closed);
export type Wait = Static<typeof Wait>;

/** What made a trigger fire, as expressions see it. */
const Firing = Type.Object(
  {
    /** The trigger's label. */
    id: Text,
    kind: Text,
    value: Type.Optional(AnyJson),
    previous: Type.Optional(AnyJson),
    thing: Type.Optional(Text),
    property: Type.Optional(Text),
    data: Type.Optional(AnyJson),
    /** On the wall clock. */
    time: Type.Number(),
  },
  Closed,
);
export type TriggerFacts = Static<typeof Firing>;

/** A value that matched, waiting for its `for`. */
const Pending = Type.Object(
  {
    ...Wait.properties,
    /** Due, but the value was not good: it fires on the next good one that still matches. */
    held: Type.Optional(Type.Boolean()),
    /** Of the reading that made the trigger true. */
    cause: Type.Optional(SavedCause),
    chain: Chain,
  },
  Closed,
);
export type Pending = Static<typeof Pending>;

const WatchState = Type.Object(
  {
    /** What was watched, `thing/node/name` of a property: something else begins anew. */
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

const TriggerStates = Type.Record(Type.String(), Type.Union([WatchState, TimeState]));
export type TriggerState = WatchState | TimeState;

/** How far a list of actions has come, and what the action does that is under way. */
export interface BlockState {
  /** Index of the action that is under way, or comes next. */
  readonly at: number;
  readonly node?: NodeState;
}

/** What an action remembers while it is under way. */
export interface NodeState {
  /** A delay, or the bound of a wait. */
  readonly wait?: Wait;
  /** Of a wait for triggers: their states. */
  readonly triggers?: Readonly<Record<string, TriggerState>>;
  /** Its conditions depend on the time: look again soon, on the monotonic clock of the boot. */
  readonly recheck?: boolean;
  /** The effects whose outcome is waited for. */
  readonly effects?: readonly string[];
  /** Which branch was taken. */
  readonly branch?: number;
  readonly block?: BlockState;
  /** Rounds done. */
  readonly index?: number;
  readonly count?: number;
  readonly items?: readonly Json[];
  /** Of what runs side by side; `null` of what has ended. */
  readonly blocks?: readonly (BlockState | null)[];
}

const BlockDefinition = Type.Object(
  { at: Count, node: Type.Optional(Type.Unsafe<NodeState>(Type.Ref("node"))) },
  Closed,
);
const BlockRef = Type.Unsafe<BlockState>(Type.Ref("block"));
const NodeDefinition = Type.Object(
  {
    wait: Type.Optional(Wait),
    triggers: Type.Optional(TriggerStates),
    recheck: Type.Optional(Type.Boolean()),
    effects: Type.Optional(Type.Array(Type.String())),
    branch: Type.Optional(Count),
    block: Type.Optional(BlockRef),
    index: Type.Optional(Count),
    count: Type.Optional(Count),
    items: Type.Optional(Type.Array(AnyJson)),
    blocks: Type.Optional(Type.Array(Type.Union([Type.Null(), BlockDefinition]))),
  },
  Closed,
);

const RunState = Type.Object(
  {
    id: Type.String(),
    /** What fired, for traces and expressions. */
    trigger: Firing,
    /** The version of the rule that it runs. */
    version: Type.String(),
    variables: Type.Record(Type.String(), AnyJson),
    /** Effects so far: names the next one. */
    effects: Count,
    cause: Type.Optional(SavedCause),
    /** The rules that led to it. */
    chain: Chain,
    /** Who waits for its end. */
    parent: Type.Optional(Type.Object({ rule: RuleName, effect: Text }, Closed)),
    /** Absent of a queued run that has not begun. */
    block: Type.Optional(BlockRef),
  },
  Closed,
);
export type RunState = Static<typeof RunState>;

const Pause = Type.Object(
  {
    ...Wait.properties,
    reason: Text,
    /** How often in a row it had to be paused. */
    times: Count,
  },
  Closed,
);
export type Pause = Static<typeof Pause>;

const RuleStateDefinition = Type.Object(
  {
    /** The file of the rule: while that is not readable, the rule is not taken for deleted. */
    file: Type.String(),
    /** The version that `triggers` belong to. */
    version: Type.String(),
    /** Runs so far: names the next one. */
    counter: Count,
    /** When a trigger last fired and the conditions held, on the wall clock. */
    lastFired: Type.Optional(Type.Number()),
    /** By the trigger's key. A trigger without one was never looked at. */
    triggers: TriggerStates,
    /** By the hold's key: since when it holds. */
    holds: Type.Optional(Type.Record(Type.String(), SavedInstant)),
    /** Under way, oldest first, then those that queue. */
    runs: Type.Array(RunState),
    /** The actions, as written, of the versions that runs are under way of: they finish on what they began with. */
    actions: Type.Record(Type.String(), Type.Array(Type.Unsafe<RuleAction>(Type.Unknown()))),
    /** Switched on or off by hand or by a rule, against a file that says `file`. */
    switched: Type.Optional(Type.Object({ enabled: Type.Boolean(), file: Type.Boolean() }, Closed)),
    /** A guard stopped it for a while. */
    paused: Type.Optional(Pause),
    /** Runs since, for the rate limit. */
    rate: Type.Optional(Type.Object({ since: SavedInstant, runs: Count }, Closed)),
    /** Steps of its runs since, for the guard against those without a pause. */
    steps: Type.Optional(Type.Object({ since: SavedInstant, count: Count }, Closed)),
  },
  Closed,
);
export type RuleState = Static<typeof RuleStateDefinition>;
export const RuleState = Type.Unsafe<RuleState>(
  Type.Cyclic({ block: BlockDefinition, node: NodeDefinition, state: RuleStateDefinition }, "state"),
);

/** Exactly what the saved state holds of a moment, whatever else the object carries. */
export function saveInstant({ wall, monotonic, bootId, trust }: Instant): SavedInstant {
  return { wall, monotonic, bootId, trust };
}

/** The optional `cause` of a pending trigger or a run. */
export function saveCause(cause: Cause | undefined): { cause?: Static<typeof SavedCause> } {
  return cause === undefined ? {} : { cause: { commandId: cause.commandId, depth: cause.depth } };
}

/** The optional `chain` of a pending trigger or a run. */
export function saveChain(chain: readonly RuleId[] | undefined): { chain?: RuleId[] } {
  return chain === undefined || chain.length === 0 ? {} : { chain: [...chain] };
}

/** What is wrong with a saved state, in words; `undefined` when nothing is. */
export function stateProblem(saved: unknown): string | undefined {
  const first = shapeProblems(RuleState, saved)[0];
  if (first !== undefined) return first.path === "" ? first.problem : `${first.path}: ${first.problem}`;
  const { actions, runs } = saved as RuleState;
  const lost = runs.findIndex((run) => !Object.hasOwn(actions, run.version));
  return lost < 0 ? undefined : `runs[${lost}]: its actions are missing`;
}
