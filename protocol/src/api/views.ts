import { type Static, Type } from "typebox";
import { HOMIE_LOG_LEVELS } from "../homie/topics.ts";
import { Thing } from "../thing.ts";
import { ThingSettings } from "../thing-settings.ts";

/**
 * What the HTTP API and the live socket show. The same schemas validate, generate OpenAPI 3.1 and type the web UI.
 * Times are ISO 8601 in UTC.
 */
const Time = Type.String({ format: "date-time" });
const Value = Type.Unknown({ description: "Any JSON value that the property's schema allows." });

export const PropertyView = Type.Object({
  value: Value,
  quality: Type.Enum(["good", "stale", "bad"]),
  time: Time,
  receivedAt: Time,
  target: Type.Optional(
    Type.Unknown({
      description: "The value that the device says it is on the way to, where that is another.",
    }),
  ),
  problem: Type.Optional(Type.String()),
  clock: Type.Optional(
    Type.Literal("untrusted", { description: "The times are what a clock said that nobody could believe." }),
  ),
  stopsAt: Type.Optional(
    Type.String({
      format: "date-time",
      description: "When the gateway sets the safe value, unless it is set before.",
    }),
  ),
  restsUntil: Type.Optional(
    Type.String({ format: "date-time", description: "Until then machines may not leave the safe value." }),
  ),
  heldUntil: Type.Optional(
    Type.String({
      format: "date-time",
      description: "Until then machines leave alone what a person has set.",
    }),
  ),
  heldBy: Type.Optional(Type.String({ description: "Who has set it." })),
});
export type PropertyView = Static<typeof PropertyView>;

export const AlertView = Type.Object({
  id: Type.String({ description: "Unique on its Thing." }),
  text: Type.String({ description: "In the device's own language." }),
  since: Time,
});
export type AlertView = Static<typeof AlertView>;

export const LogLineView = Type.Object({
  time: Time,
  level: Type.Enum([...HOMIE_LOG_LEVELS]),
  text: Type.String(),
});
export type LogLineView = Static<typeof LogLineView>;

export const ThingView = Type.Object({
  thing: Thing,
  availability: Type.Enum(["unknown", "init", "ready", "disconnected", "sleeping", "lost"]),
  source: Type.String({ description: "Where the Thing comes from: `module:<id>` or `mqtt:<account>`." }),
  properties: Type.Record(Type.String(), PropertyView, { description: "Last known values by `node/name`." }),
  alerts: Type.Optional(
    Type.Array(AlertView, {
      description: "What the device wants people to know; absent when it is nothing.",
    }),
  ),
  problem: Type.Optional(
    Type.String({ description: "Why the last description of the device, or a part of it, was refused." }),
  ),
  settings: Type.Optional(ThingSettings),
  area: Type.Optional(Type.String({ description: "Title of the area that it is in." })),
  links: Type.Optional(
    Type.Array(Type.Object({ id: Type.String(), source: Type.String(), availability: Type.String() }), {
      description: "The ways to its devices, where they are more than one of the Thing's own name.",
    }),
  ),
});
export type ThingView = Static<typeof ThingView>;

export const CommandView = Type.Object({
  id: Type.String(),
  thing: Type.String(),
  property: Type.Optional(Type.String()),
  action: Type.Optional(Type.String()),
  value: Value,
  origin: Type.String(),
  why: Type.Optional(Type.String({ description: "Why it was wanted." })),
  waiting: Type.Optional(
    Type.Literal(true, { description: "It is accepted, and waits for its device to wake or to come back." }),
  ),
  state: Type.Enum(["accepted", "sent", "confirmed", "refused", "failed", "expired"]),
  submittedAt: Time,
  sentAt: Type.Optional(Time),
  endedAt: Type.Optional(Time),
  code: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String()),
});
export type CommandView = Static<typeof CommandView>;

/** One check inside an evaluation: a condition with the value that was seen. */
export const TraceCheck = Type.Object({
  what: Type.String(),
  passed: Type.Boolean(),
  seen: Value,
});
export type TraceCheck = Static<typeof TraceCheck>;

/** How what an action wanted has ended. */
export const TraceResult = Type.Object({
  state: Type.String({ description: "`confirmed`, `refused`, `failed`, `expired`, `timeout`, `unknown` …" }),
  tookMs: Type.Optional(Type.Number({ description: "From the action to its end." })),
  detail: Type.Optional(Type.String()),
});
export type TraceResult = Static<typeof TraceResult>;

/** One evaluation of a rule, rejections included. */
export const TraceView = Type.Object({
  time: Type.String({ format: "date-time", description: "Of the last, where it stands for several." }),
  since: Type.Optional(Type.String({ format: "date-time", description: "Of the first of several." })),
  count: Type.Optional(Type.Integer({ description: "How many equal evaluations it stands for." })),
  trigger: Type.String({ description: "Id or place of the trigger: `triggers[0]`." }),
  seen: Type.Optional(Value),
  outcome: Type.Enum([
    "fired",
    "rejected",
    "waiting",
    "condition-false",
    "mode-dropped",
    "cancelled",
    "held",
    "resumed",
    "action",
    "finished",
    "failed",
    "paused",
    "conflict",
    "enabled",
    "disabled",
  ]),
  detail: Type.Optional(Type.String()),
  checks: Type.Array(TraceCheck),
  runId: Type.Optional(Type.String()),
  effect: Type.Optional(
    Type.String({ description: "Id of what the action did, which the outcome of its command is told with." }),
  ),
  result: Type.Optional(TraceResult),
  pinned: Type.Optional(Type.Boolean({ description: "An error that is kept on disk." })),
});
export type TraceView = Static<typeof TraceView>;

/** The diary of a rule. */
export const TracesView = Type.Object({
  traces: Type.Array(TraceView, { description: "Since the gateway started, as far as there is room." }),
  pinned: Type.Array(TraceView, {
    description: "Errors, kept on disk: each kind once, as it was last seen, with how often and since when.",
  }),
});
export type TracesView = Static<typeof TracesView>;

export const RuleView = Type.Object({
  id: Type.String(),
  title: Type.Optional(Type.String()),
  file: Type.String({ description: "File name below the rules folder." }),
  group: Type.Optional(Type.String()),
  labels: Type.Optional(Type.Array(Type.String())),
  status: Type.Enum(["active", "disabled", "unavailable"]),
  switched: Type.Optional(
    Type.Literal(true, {
      description:
        "Switched by hand or by a rule to what its file does not say; a file that says so again ends it.",
    }),
  ),
  problems: Type.Array(Type.Object({ path: Type.String(), problem: Type.String() })),
  warnings: Type.Array(Type.Object({ path: Type.String(), problem: Type.String() })),
  editable: Type.Boolean({
    description: "It can be read and changed by its id; otherwise its file is not a list of rules.",
  }),
  version: Type.Optional(Type.Integer({ description: "The version of its file in which it last changed." })),
  lastGood: Type.Optional(
    Type.Object(
      { version: Type.Optional(Type.Integer()), time: Type.Optional(Time) },
      {
        description:
          "Its text is broken (see `problems`), and the last version that worked runs: this one, where it is known.",
      },
    ),
  ),
  running: Type.Integer({ description: "Runs in flight." }),
  paused: Type.Optional(
    Type.Object(
      { reason: Type.String(), until: Time },
      { description: "A guard stopped it for a while: nothing of it fires until then." },
    ),
  ),
  next: Type.Optional(
    Type.String({ format: "date-time", description: "The next planned moment of its schedules." }),
  ),
  lastFired: Type.Optional(Time),
  lastTrace: Type.Optional(TraceView),
});
export type RuleView = Static<typeof RuleView>;

export const ModuleView = Type.Object({
  id: Type.String(),
  use: Type.String(),
  name: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  state: Type.Enum(["stopped", "opening", "up", "degraded", "closing", "failed"]),
  reason: Type.Optional(Type.String()),
  since: Time,
  restarts: Type.Integer(),
  nextAttempt: Type.Optional(Time),
  isolation: Type.Enum(["in-process", "child-process"]),
});
export type ModuleView = Static<typeof ModuleView>;

const Qos = Type.Enum([0, 1, 2]);

export const ClientView = Type.Object({
  id: Type.String(),
  username: Type.String({ description: "The account that it proved to be." }),
  connected: Type.Boolean({ description: "False for a session whose client is away." }),
  address: Type.Optional(Type.String()),
  listener: Type.Optional(Type.String()),
  protocol: Type.Optional(Type.Enum(["3.1.1", "5.0"])),
  connectedAt: Type.Optional(Time),
  keepAliveSeconds: Type.Integer({ description: "0 for none." }),
  expirySeconds: Type.Integer({ description: "How long the session outlives its connection." }),
  subscriptions: Type.Array(Type.Object({ filter: Type.String(), qos: Qos })),
  traffic: Type.Object(
    {
      messagesIn: Type.Integer(),
      messagesOut: Type.Integer(),
      bytesIn: Type.Integer(),
      bytesOut: Type.Integer(),
    },
    { description: "Since the session began, seen from the broker." },
  ),
  rates: Type.Object(
    { messagesIn: Type.Number(), messagesOut: Type.Number() },
    { description: "Per second, since the latest look that is older than two seconds." },
  ),
  queuedMessages: Type.Integer({ description: "Waiting for the client or for its acknowledgement." }),
  queuedBytes: Type.Integer(),
  dropped: Type.Integer({ description: "Messages that a quota or a full socket cost." }),
  slow: Type.Boolean({ description: "It does not take what it is sent as fast as it comes." }),
  will: Type.Optional(Type.Object({ topic: Type.String(), qos: Qos, retain: Type.Boolean() })),
  lastDisconnect: Type.Optional(Type.Object({ at: Time, reason: Type.String() })),
});
export type ClientView = Static<typeof ClientView>;

export const GatewayView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  version: Type.String(),
  startedAt: Time,
  now: Time,
  clock: Type.Enum(["untrusted", "holdover", "synced"]),
  timezone: Type.String(),
  place: Type.Optional(
    Type.Object(
      { latitude: Type.Number(), longitude: Type.Number() },
      { description: "Where the gateway is, in degrees, for the sun of its rules." },
    ),
  ),
  store: Type.Enum(["ok", "failing"]),
  nodeRed: Type.Optional(
    Type.Enum(["absent", "disabled", "installed"], {
      description: "Whether Node-RED is there; how it is, the module `node-red` tells.",
    }),
  ),
  storeCode: Type.Optional(
    Type.Enum(["full", "read-only", "corrupt", "io", "closed"], {
      description: "Why nothing is kept, while the store is failing.",
    }),
  ),
  problems: Type.Array(Type.Object({ code: Type.String(), where: Type.String(), problem: Type.String() }), {
    description: "What is wrong now: a refused configuration, a broken rule file, a store that cannot write.",
  }),
});
export type GatewayView = Static<typeof GatewayView>;

export const NotificationView = Type.Object({
  time: Time,
  rule: Type.Optional(Type.String({ description: "The rule that says it; without one it is the gateway." })),
  level: Type.Enum(["info", "warning", "alarm"]),
  text: Type.String(),
});
export type NotificationView = Static<typeof NotificationView>;
