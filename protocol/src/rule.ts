import { type Static, Type } from "typebox";
import { ID_PATTERN } from "./ids.ts";
import { DURATION_PATTERN } from "./time.ts";

/**
 * The language of rules, as written in `*.yaml` files: a file holds a list of rules.
 * Words follow Home Assistant's where both have the thing.
 */

/** `thing/node/name`; `thing/name` is accepted where the name alone is unambiguous. */
export const PROPERTY_REFERENCE_PATTERN = "^[a-z0-9-]+(?:/[a-z0-9-]+){1,2}$";

const Reference = Type.String({
  pattern: PROPERTY_REFERENCE_PATTERN,
  description: "A property: `thing/node/name`, or `thing/name` where the name alone is unambiguous.",
});
const Duration = Type.String({
  pattern: DURATION_PATTERN,
  description: "A duration: `500ms`, `2s`, `5m`, `1h30m`. Counted on the monotonic clock.",
});
const TimeOfDay = Type.String({
  pattern: "^(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d)?$",
  description: "Time of day in the gateway's time zone: `07:30` or `07:30:15`. Quote it in YAML.",
});
const Scalar = Type.Union([Type.Boolean(), Type.Number(), Type.String({ maxLength: 1024 })]);
const TriggerId = Type.Optional(
  Type.String({ pattern: ID_PATTERN, description: "Names the trigger in traces." }),
);
const Closed = { additionalProperties: false } as const;

const For = Type.Optional(
  Type.String({
    pattern: DURATION_PATTERN,
    description:
      "How long the state must hold before the trigger fires. Unavailability neither resets it nor lets it fire: it fires on a good value only.",
  }),
);

export const StateTrigger = Type.Object(
  {
    id: TriggerId,
    state: Type.Object(
      {
        property: Reference,
        to: Type.Optional(Scalar),
        from: Type.Optional(Scalar),
      },
      { ...Closed, description: "Fires when a property changes (`from` and `to` narrow it)." },
    ),
    for: For,
  },
  Closed,
);

export const NumericTrigger = Type.Object(
  {
    id: TriggerId,
    numeric: Type.Object(
      {
        property: Reference,
        above: Type.Optional(Type.Number({ description: "Strictly above." })),
        below: Type.Optional(Type.Number({ description: "Strictly below." })),
      },
      {
        ...Closed,
        description: "Fires when a number enters the range (an edge: it must have been outside).",
      },
    ),
    for: For,
  },
  Closed,
);

export const TimeTrigger = Type.Object({ id: TriggerId, time: TimeOfDay }, Closed);

export const RuleTrigger = Type.Union([StateTrigger, NumericTrigger, TimeTrigger]);
export type RuleTrigger = Static<typeof RuleTrigger>;

export const StateCondition = Type.Object(
  { state: Type.Object({ property: Reference, is: Scalar }, Closed) },
  Closed,
);
export const NumericCondition = Type.Object(
  {
    numeric: Type.Object(
      {
        property: Reference,
        above: Type.Optional(Type.Number()),
        below: Type.Optional(Type.Number()),
      },
      Closed,
    ),
  },
  Closed,
);
export const TimeCondition = Type.Object(
  {
    time: Type.Object(
      {
        after: Type.Optional(TimeOfDay),
        before: Type.Optional(TimeOfDay),
        weekdays: Type.Optional(
          Type.Array(Type.Enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), {
            minItems: 1,
            maxItems: 7,
          }),
        ),
      },
      { ...Closed, description: "`after` inclusive, `before` exclusive; the window may cross midnight." },
    ),
  },
  Closed,
);

export type RuleCondition =
  | Static<typeof StateCondition>
  | Static<typeof NumericCondition>
  | Static<typeof TimeCondition>
  | { and: RuleCondition[] }
  | { or: RuleCondition[] }
  | { not: RuleCondition };

/** Conditions nest at most this deep; the schema is unrolled so that it needs no recursion. */
const CONDITION_DEPTH = 4;

function conditionSchema(depth: number): ReturnType<typeof Type.Unsafe<RuleCondition>> {
  const leaves = [StateCondition, NumericCondition, TimeCondition];
  if (depth === 0) return Type.Unsafe<RuleCondition>(Type.Union(leaves));
  const inner = conditionSchema(depth - 1);
  const many = Type.Array(inner, { minItems: 1, maxItems: 32 });
  return Type.Unsafe<RuleCondition>(
    Type.Union([
      ...leaves,
      Type.Object({ and: many }, Closed),
      Type.Object({ or: many }, Closed),
      Type.Object({ not: inner }, Closed),
    ]),
  );
}

export const RuleCondition = conditionSchema(CONDITION_DEPTH);

export const SetAction = Type.Object(
  {
    set: Reference,
    value: Type.Union([Scalar, Type.Record(Type.String(), Type.Unknown()), Type.Array(Type.Unknown())]),
  },
  { ...Closed, description: "Writes a property of a Thing." },
);
export const DelayAction = Type.Object(
  { delay: Duration },
  { ...Closed, description: "Waits. Survives restarts and power cuts." },
);
export const NotifyAction = Type.Object(
  {
    notify: Type.String({ minLength: 1, maxLength: 1024, description: "Text for people." }),
    level: Type.Optional(Type.Enum(["info", "warning", "alarm"])),
  },
  { ...Closed, description: "Writes a notification to the log and the live API." },
);
export const RuleAction = Type.Union([SetAction, DelayAction, NotifyAction]);
export type RuleAction = Static<typeof RuleAction>;

export const Rule = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN, description: "Unique over all rule files." }),
    title: Type.Optional(Type.String({ maxLength: 256 })),
    description: Type.Optional(Type.String({ maxLength: 4096 })),
    enabled: Type.Optional(Type.Boolean({ default: true })),
    mode: Type.Optional(
      Type.Enum(["single", "restart", "queued", "parallel"], {
        default: "single",
        description:
          "What a firing does while a run of the rule is under way: `single` drops it, `restart` ends the run and starts anew, `queued` waits, `parallel` runs beside it.",
      }),
    ),
    max: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 10,
        description: "Bound of `queued` and `parallel`.",
      }),
    ),
    triggers: Type.Array(RuleTrigger, { minItems: 1, maxItems: 64 }),
    conditions: Type.Optional(Type.Array(RuleCondition, { maxItems: 64 })),
    actions: Type.Array(RuleAction, { minItems: 1, maxItems: 256 }),
  },
  Closed,
);
export type Rule = Static<typeof Rule>;

export const RuleFile = Type.Array(Rule, { maxItems: 10_000 });
