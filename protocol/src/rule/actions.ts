import { type Static, Type } from "typebox";
import { DURATION_PATTERN } from "../time.ts";
import { Conditions, type RuleCondition } from "./conditions.ts";
import { Closed, Duration, Id, Properties, VARIABLE_PATTERN, Value, Variables } from "./parts.ts";
import type { RuleTrigger } from "./triggers.ts";

/** What a rule does. Texts may hold templates: `${ CEL }`. */

/** `5m`, or a text with a template in it. */
export const DURATION_OR_TEMPLATE_PATTERN = `^(?:${DURATION_PATTERN.slice(1, -1)}|[^]*\\$\\{[^]*)$`;

const Name = Type.String({ pattern: VARIABLE_PATTERN });
const Retry = Type.Optional(
  Type.Boolean({
    default: false,
    description: "After a crash in which its outcome was lost it is done again, and so perhaps twice.",
  }),
);
const OnTimeout = Type.Optional(Type.Enum(["continue", "stop"], { default: "continue" }));

export const SetAction = Type.Object(
  {
    set: Properties,
    value: Value,
    confirm: Type.Optional(
      Type.String({
        pattern: DURATION_PATTERN,
        description: "Wait until the device confirmed or refused, at most this long; `result.state` tells.",
      }),
    ),
  },
  { ...Closed, description: "Writes a property of a Thing, or of several." },
);
export const InvokeAction = Type.Object(
  {
    invoke: Type.String({
      pattern: "^[a-z0-9-]+/[A-Za-z0-9_-]{1,64}$",
      description: "An action of a Thing: `thing/action`.",
    }),
    input: Type.Optional(Value),
    retry: Retry,
    confirm: Type.Optional(Type.String({ pattern: DURATION_PATTERN })),
  },
  { ...Closed, description: "Lets a Thing do something." },
);
export const DelayAction = Type.Object(
  {
    delay: Type.String({
      maxLength: 1_024,
      pattern: DURATION_OR_TEMPLATE_PATTERN,
      description: "A duration, or a template that gives one, or a number of seconds.",
    }),
  },
  { ...Closed, description: "Waits. Survives restarts and power cuts." },
);
export const NotifyAction = Type.Object(
  {
    notify: Type.String({ minLength: 1, maxLength: 1024, description: "Text for people." }),
    level: Type.Optional(Type.Enum(["info", "warning", "alarm"])),
    to: Type.Optional(
      Type.Array(Type.String({ pattern: "^(?:webhook:[a-z0-9-]{1,64}|sms:\\+?\\d{3,20})$" }), {
        minItems: 1,
        maxItems: 16,
        description: "Besides the log and the live API: `webhook:<id>` of the configuration, `sms:<number>`.",
      }),
    ),
    retry: Retry,
  },
  { ...Closed, description: "Writes a notification to the log and the live API." },
);
export const PublishAction = Type.Object(
  {
    publish: Type.String({ minLength: 1, maxLength: 256, description: "An MQTT topic." }),
    payload: Value,
    qos: Type.Optional(Type.Integer({ minimum: 0, maximum: 2, default: 1 })),
    retain: Type.Optional(Type.Boolean({ default: false })),
    retry: Retry,
  },
  { ...Closed, description: "Sends an MQTT message; a payload that is no text is sent as JSON." },
);
export const HttpAction = Type.Object(
  {
    http: Type.String({
      minLength: 8,
      maxLength: 2_048,
      description: "A URL whose host `rules.http_hosts` allows.",
    }),
    method: Type.Optional(Type.Enum(["GET", "POST", "PUT", "PATCH", "DELETE"], { default: "GET" })),
    headers: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 4_096 }))),
    body: Type.Optional(Value),
    timeout: Type.Optional(Duration),
    response: Type.Optional(Name),
    retry: Retry,
  },
  { ...Closed, description: "With `response` the run waits, and finds there `status`, `body` and `ok`." },
);
const Wait = { timeout: Type.Optional(Duration), on_timeout: OnTimeout };
const RuleIds = Type.Union([
  Id,
  Type.Array(Id, { minItems: 1, maxItems: 64 }),
  Type.Object({ group: Id }, Closed),
]);
export const VariablesAction = Type.Object(
  { variables: Variables },
  { ...Closed, description: "Gives variables a value for the rest of the run." },
);
export const EnableAction = Type.Object(
  { enable: RuleIds },
  { ...Closed, description: "Switches rules on." },
);
export const DisableAction = Type.Object(
  { disable: RuleIds },
  { ...Closed, description: "Switches rules off until they are enabled again; runs in flight finish." },
);
export const CallAction = Type.Object(
  {
    call: Id,
    with: Type.Optional(Variables),
    wait: Type.Optional(Type.Boolean({ default: false, description: "Go on when that run has ended." })),
  },
  { ...Closed, description: "Runs another rule, if its conditions hold." },
);
export const StopAction = Type.Object(
  { stop: Type.String({ maxLength: 256, description: "The reason." }), error: Type.Optional(Type.Boolean()) },
  { ...Closed, description: "Ends the run." },
);

type Leaf =
  | Static<typeof SetAction>
  | Static<typeof InvokeAction>
  | Static<typeof DelayAction>
  | Static<typeof NotifyAction>
  | Static<typeof PublishAction>
  | Static<typeof HttpAction>
  | Static<typeof VariablesAction>
  | Static<typeof EnableAction>
  | Static<typeof DisableAction>
  | Static<typeof CallAction>
  | Static<typeof StopAction>;

interface Waiting {
  timeout?: string;
  on_timeout?: "continue" | "stop";
}

export type RepeatHow =
  | { count: number | string }
  | { while: RuleCondition[] }
  | { until: RuleCondition[] }
  | { for_each: unknown[] | string };

export type RuleAction =
  | Leaf
  | ({ wait_for: RuleTrigger[] } & Waiting)
  | ({ wait_until: RuleCondition[] } & Waiting)
  | { if: RuleCondition[]; then: RuleAction[]; else?: RuleAction[] }
  | { choose: { when: RuleCondition[]; do: RuleAction[] }[]; else?: RuleAction[] }
  | { repeat: RepeatHow; do: RuleAction[] }
  | { parallel: RuleAction[][] }
  | { sequence: RuleAction[] }
  | { condition: RuleCondition[] };

export const Actions = Type.Array(Type.Unsafe<RuleAction>(Type.Ref("action")), {
  minItems: 1,
  maxItems: 256,
});
const Else = Type.Optional(Actions);

/** The definition `action` of the rule schema. */
export const ActionDefinition = Type.Union([
  SetAction,
  InvokeAction,
  DelayAction,
  NotifyAction,
  PublishAction,
  HttpAction,
  VariablesAction,
  EnableAction,
  DisableAction,
  CallAction,
  StopAction,
  Type.Object(
    {
      wait_for: Type.Array(Type.Unsafe<RuleTrigger>(Type.Ref("trigger")), { minItems: 1, maxItems: 32 }),
      ...Wait,
    },
    { ...Closed, description: "Waits for a trigger; `wait.completed` and `wait.trigger` tell afterwards." },
  ),
  Type.Object(
    { wait_until: Conditions, ...Wait },
    { ...Closed, description: "Waits until the conditions hold; goes on at once if they do." },
  ),
  Type.Object(
    // biome-ignore lint/suspicious/noThenProperty: it is a word of the language, and no promise.
    { if: Conditions, then: Actions, else: Else },
    { ...Closed, description: "Does one or the other, as conditions hold." },
  ),
  Type.Object(
    {
      choose: Type.Array(Type.Object({ when: Conditions, do: Actions }, Closed), {
        minItems: 1,
        maxItems: 64,
      }),
      else: Else,
    },
    { ...Closed, description: "Does the first branch whose conditions hold." },
  ),
  Type.Object(
    {
      repeat: Type.Union([
        Type.Object(
          {
            count: Type.Union([
              Type.Integer({ minimum: 0, maximum: 1_000_000 }),
              Type.String({ maxLength: 1_024 }),
            ]),
          },
          Closed,
        ),
        Type.Object({ while: Conditions }, Closed),
        Type.Object({ until: Conditions }, Closed),
        Type.Object(
          {
            for_each: Type.Union([
              Type.Array(Type.Unknown(), { maxItems: 1_000 }),
              Type.String({ maxLength: 4_096 }),
            ]),
          },
          Closed,
        ),
      ]),
      do: Actions,
    },
    { ...Closed, description: "`repeat.index` counts from 1; with `for_each`, `repeat.item` is the item." },
  ),
  Type.Object(
    { parallel: Type.Array(Actions, { minItems: 1, maxItems: 16 }) },
    { ...Closed, description: "Lists of actions side by side; goes on when all are done." },
  ),
  Type.Object({ sequence: Actions }, { ...Closed, description: "Actions one after the other." }),
  Type.Object({ condition: Conditions }, { ...Closed, description: "The run goes on only if these hold." }),
]);
