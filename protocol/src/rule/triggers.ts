import { type Static, Type } from "typebox";
import { ID_PATTERN } from "../ids.ts";
import { DURATION_PATTERN } from "../time.ts";
import {
  Attribute,
  Closed,
  Expression,
  Id,
  PATTERN_FIELD_PATTERN,
  Properties,
  Scalars,
  SunMoment,
  Things,
  TimeOfDay,
  Week,
  Weekdays,
} from "./parts.ts";

/** What makes a rule look whether it is to run. */

export const RunMode = Type.Enum(["single", "restart", "queued", "parallel"], {
  default: "single",
  description:
    "What a firing does while a run of the rule is under way: `single` drops it, `restart` ends the run and starts anew, `queued` waits, `parallel` runs beside it.",
});

const Head = {
  id: Type.Optional(
    Type.String({ pattern: ID_PATTERN, description: "Names the trigger in traces and conditions." }),
  ),
  enabled: Type.Optional(Type.Boolean({ default: true })),
  mode: Type.Optional(RunMode),
};
const For = {
  for: Type.Optional(
    Type.String({
      pattern: DURATION_PATTERN,
      description:
        "How long the state must hold before the trigger fires. Unavailability neither resets it nor lets it fire: it fires on a good value only.",
    }),
  ),
};

export const StateTrigger = Type.Object(
  {
    ...Head,
    state: Type.Object(
      {
        property: Properties,
        to: Type.Optional(Scalars),
        from: Type.Optional(Scalars),
        attribute: Type.Optional(Attribute),
      },
      { ...Closed, description: "Fires when a property changes (`from` and `to` narrow it)." },
    ),
    ...For,
  },
  Closed,
);

export const NumericTrigger = Type.Object(
  {
    ...Head,
    numeric: Type.Object(
      {
        property: Properties,
        above: Type.Optional(Type.Number({ description: "Strictly above." })),
        below: Type.Optional(Type.Number({ description: "Strictly below." })),
        hysteresis: Type.Optional(
          Type.Number({
            minimum: 0,
            description: "Having been true, it is so until the number is this far on the other side.",
          }),
        ),
        attribute: Type.Optional(Attribute),
      },
      {
        ...Closed,
        description: "Fires when a number enters the range (an edge: it must have been outside).",
      },
    ),
    ...For,
  },
  Closed,
);

export const ExpressionTrigger = Type.Object(
  { ...Head, expression: Expression, ...For },
  {
    ...Closed,
    description: "Fires when the expression becomes true; looked at when a property in it changes.",
  },
);

export const TimeTrigger = Type.Object(
  {
    ...Head,
    time: Type.Union([
      TimeOfDay,
      Type.Object(
        {
          at: Type.Union([TimeOfDay, Type.Array(TimeOfDay, { minItems: 1, maxItems: 64 })]),
          weekdays: Type.Optional(Weekdays),
        },
        Closed,
      ),
    ]),
  },
  { ...Closed, description: "Fires at a time of the day." },
);
export const CronTrigger = Type.Object(
  {
    ...Head,
    cron: Type.String({
      minLength: 9,
      maxLength: 128,
      description: "minute hour day month weekday, with seconds in front if six: `*/5 6-20 * * mon-fri`.",
    }),
  },
  Closed,
);
export const SunTrigger = Type.Object(
  { ...Head, sun: SunMoment },
  { ...Closed, description: "Fires when the sun rises or sets; the configuration says where that is." },
);

const PatternField = Type.Optional(
  Type.Union([
    Type.Integer({ minimum: 0, maximum: 59 }),
    Type.String({ pattern: PATTERN_FIELD_PATTERN, description: "`/5`: each fifth; `*`: each; or a number." }),
  ]),
);
export const TimePatternTrigger = Type.Object(
  {
    ...Head,
    time_pattern: Type.Object({ hours: PatternField, minutes: PatternField, seconds: PatternField }, Closed),
  },
  { ...Closed, description: "Fires whenever the clock shows the pattern." },
);
export const ScheduleTrigger = Type.Object(
  {
    ...Head,
    schedule: Type.Object(
      { on: Type.Optional(Type.Enum(["start", "end", "both"], { default: "start" })), week: Week },
      Closed,
    ),
  },
  { ...Closed, description: "Fires where a window of the weekly table begins or ends." },
);

export const EventTrigger = Type.Object(
  {
    ...Head,
    event: Type.Object(
      {
        thing: Id,
        event: Type.String({ minLength: 1, maxLength: 128 }),
        data: Type.Optional(Type.Unknown({ description: "What the event's data must equal or contain." })),
      },
      Closed,
    ),
  },
  { ...Closed, description: "A Thing told of an event." },
);
export const MqttTrigger = Type.Object(
  {
    ...Head,
    mqtt: Type.Object(
      {
        topic: Type.String({
          minLength: 1,
          maxLength: 256,
          description: "A topic filter; `+` and `#` as in MQTT.",
        }),
        payload: Type.Optional(Scalars),
        path: Type.Optional(Attribute),
      },
      {
        ...Closed,
        description: "A message arrived. With `path` the payload is JSON and that place of it counts.",
      },
    ),
  },
  Closed,
);
const Availabilities = Type.Union([
  Type.Enum(["init", "ready", "disconnected", "sleeping", "lost"]),
  Type.Array(Type.Enum(["init", "ready", "disconnected", "sleeping", "lost"]), { minItems: 1, maxItems: 5 }),
]);
export const AvailabilityTrigger = Type.Object(
  {
    ...Head,
    availability: Type.Object(
      { thing: Things, to: Type.Optional(Availabilities), from: Type.Optional(Availabilities) },
      Closed,
    ),
    ...For,
  },
  { ...Closed, description: "A Thing can be reached, or not any more." },
);
export const GatewayTrigger = Type.Object(
  { ...Head, gateway: Type.Enum(["started"]) },
  { ...Closed, description: "The gateway started, after a restart or a power cut." },
);
export const BridgeTrigger = Type.Object(
  {
    ...Head,
    bridge: Type.Object(
      { to: Type.Enum(["online", "offline"]), provider: Type.Optional(Id) },
      { ...Closed, description: "The way to a cloud came or went." },
    ),
    ...For,
  },
  Closed,
);
export const WebhookTrigger = Type.Object(
  {
    ...Head,
    webhook: Type.String({
      pattern: "^[A-Za-z0-9_-]{8,64}$",
      description: "Who knows it may fire the rule: `POST /api/v1/webhooks/<it>`. Make it long and random.",
    }),
  },
  Closed,
);
export const ClockTrigger = Type.Object(
  { ...Head, clock: Type.Enum(["untrusted", "holdover", "synced", "stepped"]) },
  { ...Closed, description: "The trust in the wall clock became this, or the clock was set." },
);

export const RuleTrigger = Type.Union([
  StateTrigger,
  NumericTrigger,
  ExpressionTrigger,
  TimeTrigger,
  CronTrigger,
  SunTrigger,
  TimePatternTrigger,
  ScheduleTrigger,
  EventTrigger,
  MqttTrigger,
  AvailabilityTrigger,
  GatewayTrigger,
  BridgeTrigger,
  WebhookTrigger,
  ClockTrigger,
]);
export type RuleTrigger = Static<typeof RuleTrigger>;
