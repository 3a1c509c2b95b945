import { type Static, Type } from "typebox";
import { ID_PATTERN } from "../ids.ts";
import {
  Attribute,
  Closed,
  Duration,
  Expression,
  Id,
  Reference,
  Scalars,
  SunMoment,
  Things,
  TimeOfDay,
  Week,
  Weekdays,
} from "./parts.ts";

/** What must hold for a rule to run. */

const Held = { for: Type.Optional(Duration) };

export const StateCondition = Type.Object(
  {
    state: Type.Object({ property: Reference, is: Scalars, attribute: Type.Optional(Attribute) }, Closed),
    ...Held,
  },
  { ...Closed, description: "A property has a value; with `for`, for so long." },
);
export const NumericCondition = Type.Object(
  {
    numeric: Type.Object(
      {
        property: Reference,
        above: Type.Optional(Type.Number()),
        below: Type.Optional(Type.Number()),
        attribute: Type.Optional(Attribute),
      },
      Closed,
    ),
    ...Held,
  },
  { ...Closed, description: "A number is in a range; with `for`, for so long." },
);
export const TimeCondition = Type.Object(
  {
    time: Type.Object(
      {
        after: Type.Optional(TimeOfDay),
        before: Type.Optional(TimeOfDay),
        weekdays: Type.Optional(Weekdays),
      },
      { ...Closed, description: "`after` inclusive, `before` exclusive; the window may cross midnight." },
    ),
  },
  Closed,
);
export const SunCondition = Type.Object(
  {
    sun: Type.Object(
      { after: Type.Optional(SunMoment), before: Type.Optional(SunMoment) },
      { ...Closed, description: "After sunset and before sunrise, for example: then it crosses midnight." },
    ),
  },
  Closed,
);
export const ScheduleCondition = Type.Object(
  { schedule: Type.Object({ week: Week }, Closed) },
  { ...Closed, description: "It is in a window of the weekly table." },
);
const Who = Type.Optional(Things);
export const PresenceCondition = Type.Object(
  {
    presence: Type.Object(
      {
        is: Type.Enum(["someone", "everyone", "nobody"]),
        of: Who,
      },
      {
        ...Closed,
        description:
          "Who is at home, of the Things named, or of those with the tag `person`: one with a property `present` by its value, any other while it is there.",
      },
    ),
    ...Held,
  },
  Closed,
);
export const TriggerCondition = Type.Object(
  {
    trigger: Type.Union([
      Type.String({ pattern: ID_PATTERN }),
      Type.Array(Type.String({ pattern: ID_PATTERN }), { minItems: 1, maxItems: 64 }),
    ]),
  },
  { ...Closed, description: "Which trigger fired." },
);
export const ExpressionCondition = Type.Object(
  { expression: Expression },
  { ...Closed, description: "The expression is true." },
);
export const AvailabilityCondition = Type.Object(
  {
    availability: Type.Object(
      {
        thing: Things,
        is: Type.Union([
          Type.Enum(["init", "ready", "disconnected", "sleeping", "lost"]),
          Type.Array(Type.Enum(["init", "ready", "disconnected", "sleeping", "lost"]), {
            minItems: 1,
            maxItems: 5,
          }),
        ]),
      },
      { ...Closed, description: "Each of the Things is in one of the states." },
    ),
  },
  Closed,
);
export const BridgeCondition = Type.Object(
  {
    bridge: Type.Object({ is: Type.Enum(["online", "offline"]), provider: Type.Optional(Id) }, Closed),
  },
  { ...Closed, description: "Whether there is a way to the cloud." },
);
export const ClockCondition = Type.Object(
  { clock: Type.Enum(["trusted", "untrusted", "holdover", "synced"]) },
  { ...Closed, description: "How far the wall clock can be believed; `trusted` is holdover or synced." },
);
export const RuleStateCondition = Type.Object(
  {
    rule: Type.Object(
      { id: Id, is: Type.Enum(["enabled", "disabled", "running", "idle"]) },
      { ...Closed, description: "What another rule, or this one, is up to." },
    ),
  },
  Closed,
);

type Leaf =
  | Static<typeof StateCondition>
  | Static<typeof NumericCondition>
  | Static<typeof TimeCondition>
  | Static<typeof SunCondition>
  | Static<typeof ScheduleCondition>
  | Static<typeof PresenceCondition>
  | Static<typeof TriggerCondition>
  | Static<typeof ExpressionCondition>
  | Static<typeof AvailabilityCondition>
  | Static<typeof BridgeCondition>
  | Static<typeof ClockCondition>
  | Static<typeof RuleStateCondition>;

export type RuleCondition =
  | Leaf
  | { and: RuleCondition[] }
  | { or: RuleCondition[] }
  | { not: RuleCondition };

/** A condition, where it stands inside of others. */
export const ConditionRef = Type.Unsafe<RuleCondition>(Type.Ref("condition"));
export const Conditions = Type.Array(ConditionRef, { minItems: 1, maxItems: 64 });

/** The definition `condition` of the rule schema. */
export const ConditionDefinition = Type.Union([
  StateCondition,
  NumericCondition,
  TimeCondition,
  SunCondition,
  ScheduleCondition,
  PresenceCondition,
  TriggerCondition,
  ExpressionCondition,
  AvailabilityCondition,
  BridgeCondition,
  ClockCondition,
  RuleStateCondition,
  Type.Object({ and: Conditions }, { ...Closed, description: "All of them hold." }),
  Type.Object({ or: Conditions }, { ...Closed, description: "At least one of them holds." }),
  Type.Object({ not: ConditionRef }, { ...Closed, description: "It does not hold." }),
]);
