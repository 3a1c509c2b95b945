import type { MessageKey, PlainKey } from "../i18n/catalogue.ts";
import { WEEKDAYS } from "../rules/condition-facts.ts";
import type { Part } from "./document.ts";
import type { PropertyUse } from "./property-choices.ts";

/** What the form knows of the language: each kind of part with its fields, as a table. */

export type Role = "triggers" | "conditions" | "actions";

/** How a value is edited. What a control cannot show is edited as YAML in its place. */
export type FieldType =
  | "properties"
  | "value"
  | "values"
  | "any"
  | "text"
  | "code"
  | "number"
  | "pattern"
  | "duration"
  | "offset"
  | "wait"
  | "flag"
  | "choice"
  | "choices"
  | "time"
  | "times"
  | "week"
  | "things"
  | "rules"
  | "words"
  | "missed"
  | "webhook"
  | "raw"
  | "how"
  | "triggers"
  | "conditions"
  | "condition"
  | "actions"
  | "branches"
  | "blocks";

export interface FieldSpec {
  /** Place inside the part: `state.property`. */
  readonly at: string;
  readonly type: FieldType;
  readonly label: PlainKey;
  readonly hint?: PlainKey;
  readonly width?: "half" | "wide";
  /** It is shown below “More”. */
  readonly more?: boolean;
  /** Shown only where it is written. */
  readonly rare?: boolean;
  /** An empty text is a text, not nothing. */
  readonly need?: boolean;
  /** For properties: what they are wanted for. */
  readonly use?: PropertyUse;
  /** Only one is allowed, no list and no selector. */
  readonly single?: boolean;
  /** Where the property stands whose values these are. */
  readonly of?: string;
  /** For choices; shown by `editor.choice.<option>`. */
  readonly options?: readonly Choice[];
  /** What no value means. */
  readonly usual?: string;
  /** What may be typed, for example. */
  readonly offers?: "areas" | "groups" | "actions" | "events" | "variables" | "triggers";
}

export interface KindSpec {
  readonly title: PlainKey;
  readonly fresh: Part;
  readonly fields: readonly FieldSpec[];
  /** Offered at once; the others below “More”. */
  readonly common?: boolean;
}

type ChoiceOf<Key> = Key extends `editor.choice.${infer Name}` ? Name : never;
/** Weekdays have names of their own, methods need none. */
export type Choice =
  | ChoiceOf<MessageKey>
  | (typeof WEEKDAYS)[number]
  | "GET"
  | "POST"
  | "PUT"
  | "PATCH"
  | "DELETE";

const MODES = ["single", "restart", "queued", "parallel"] as const;
const SUN = ["sunrise", "sunset", "dawn", "dusk"] as const;
const AVAILABILITIES = ["init", "ready", "disconnected", "sleeping", "lost"] as const;

const FOR: FieldSpec = { at: "for", type: "duration", label: "editor.for", hint: "editor.forHint" };
const HELD: FieldSpec = { ...FOR, label: "editor.held" };
const HEAD: readonly FieldSpec[] = [
  { at: "id", type: "text", label: "editor.triggerId", more: true },
  { at: "mode", type: "choice", label: "editor.mode", options: MODES, usual: "", more: true },
  { at: "enabled", type: "flag", label: "editor.triggerOn", usual: "true", more: true },
];
const RETRY: FieldSpec = {
  at: "retry",
  type: "flag",
  label: "editor.retry",
  hint: "editor.retryHint",
  more: true,
};
const TIMEOUT: readonly FieldSpec[] = [
  { at: "timeout", type: "duration", label: "editor.timeout", hint: "editor.timeoutHint" },
  {
    at: "on_timeout",
    type: "choice",
    label: "editor.onTimeout",
    options: ["continue", "stop"],
    usual: "continue",
    more: true,
  },
];
const ELSE: FieldSpec = { at: "else", type: "actions", label: "editor.else" };
const CONFIRM: FieldSpec = {
  at: "confirm",
  type: "duration",
  label: "editor.confirm",
  hint: "editor.confirmHint",
  more: true,
};

const property = (kind: "state" | "numeric", use: PropertyUse, single = false): FieldSpec => ({
  at: `${kind}.property`,
  type: "properties",
  label: "editor.property",
  use,
  single,
});
const attribute = (kind: "state" | "numeric"): FieldSpec => ({
  at: `${kind}.attribute`,
  type: "text",
  label: "editor.attribute",
  hint: "editor.attributeHint",
  more: true,
});
const LIMITS: readonly FieldSpec[] = [
  { at: "numeric.above", type: "number", label: "editor.above", width: "half", of: "numeric.property" },
  { at: "numeric.below", type: "number", label: "editor.below", width: "half", of: "numeric.property" },
];
const moment = (key: "after" | "before"): readonly FieldSpec[] => [
  {
    at: `sun.${key}.event`,
    type: "choice",
    label: key === "after" ? "editor.after" : "editor.before",
    options: SUN,
    usual: "",
  },
  { at: `sun.${key}.offset`, type: "offset", label: "editor.offset" },
];
const WEEK: FieldSpec = { at: "schedule.week", type: "week", label: "editor.week", width: "wide" };

const TRIGGERS: Readonly<Record<string, KindSpec>> = {
  state: {
    title: "editor.trigger.state",
    common: true,
    fresh: { state: { property: "" } },
    fields: [
      property("state", "watch"),
      { at: "state.from", type: "values", label: "editor.from", of: "state.property", width: "half" },
      { at: "state.to", type: "values", label: "editor.to", of: "state.property", width: "half" },
      FOR,
      attribute("state"),
      ...HEAD,
    ],
  },
  numeric: {
    title: "editor.trigger.numeric",
    common: true,
    fresh: { numeric: { property: "" } },
    fields: [
      property("numeric", "watch-number"),
      ...LIMITS,
      FOR,
      {
        at: "numeric.hysteresis",
        type: "number",
        label: "editor.hysteresis",
        hint: "editor.hysteresisHint",
        of: "numeric.property",
        more: true,
      },
      attribute("numeric"),
      ...HEAD,
    ],
  },
  time: {
    title: "editor.trigger.time",
    common: true,
    fresh: { time: "07:00" },
    fields: [{ at: "time", type: "times", label: "editor.time" }, ...HEAD],
  },
  sun: {
    title: "editor.trigger.sun",
    common: true,
    fresh: { sun: { event: "sunset" } },
    fields: [
      { at: "sun.event", type: "choice", label: "editor.sunEvent", options: SUN },
      { at: "sun.offset", type: "offset", label: "editor.offset", hint: "editor.offsetHint" },
      ...HEAD,
    ],
  },
  schedule: {
    title: "editor.trigger.schedule",
    fresh: { schedule: { week: { weekdays: ["06:00-08:30"] } } },
    fields: [
      {
        at: "schedule.on",
        type: "choice",
        label: "editor.scheduleOn",
        options: ["start", "end", "both"],
        usual: "start",
      },
      WEEK,
      ...HEAD,
    ],
  },
  time_pattern: {
    title: "editor.trigger.time_pattern",
    fresh: { time_pattern: { minutes: "/5" } },
    fields: [
      { at: "time_pattern.hours", type: "pattern", label: "editor.hours", width: "half" },
      {
        at: "time_pattern.minutes",
        type: "pattern",
        label: "editor.minutes",
        width: "half",
        hint: "editor.patternHint",
      },
      { at: "time_pattern.seconds", type: "pattern", label: "editor.seconds", width: "half" },
      ...HEAD,
    ],
  },
  cron: {
    title: "editor.trigger.cron",
    fresh: { cron: "*/5 6-20 * * mon-fri" },
    fields: [
      { at: "cron", type: "text", label: "editor.cron", hint: "editor.cronHint", need: true },
      ...HEAD,
    ],
  },
  expression: {
    title: "editor.trigger.expression",
    fresh: { expression: "" },
    fields: [
      { at: "expression", type: "code", label: "editor.expression", hint: "editor.expressionHint" },
      FOR,
      ...HEAD,
    ],
  },
  availability: {
    title: "editor.trigger.availability",
    fresh: { availability: { thing: "", to: ["lost", "disconnected"] } },
    fields: [
      { at: "availability.thing", type: "things", label: "editor.things" },
      { at: "availability.to", type: "choices", label: "editor.becomes", options: AVAILABILITIES },
      FOR,
      {
        at: "availability.from",
        type: "choices",
        label: "editor.was",
        options: AVAILABILITIES,
        more: true,
      },
      ...HEAD,
    ],
  },
  event: {
    title: "editor.trigger.event",
    fresh: { event: { thing: "", event: "" } },
    fields: [
      { at: "event.thing", type: "things", label: "editor.thing", single: true },
      { at: "event.event", type: "text", label: "editor.event", need: true, offers: "events" },
      { at: "event.data", type: "raw", label: "editor.eventData", more: true },
      ...HEAD,
    ],
  },
  mqtt: {
    title: "editor.trigger.mqtt",
    fresh: { mqtt: { topic: "" } },
    fields: [
      { at: "mqtt.topic", type: "text", label: "editor.topic", hint: "editor.topicHint", need: true },
      { at: "mqtt.payload", type: "values", label: "editor.payloadIs" },
      { at: "mqtt.path", type: "text", label: "editor.payloadPath", more: true },
      ...HEAD,
    ],
  },
  webhook: {
    title: "editor.trigger.webhook",
    fresh: { webhook: "" },
    fields: [{ at: "webhook", type: "webhook", label: "editor.webhook", width: "wide" }, ...HEAD],
  },
  gateway: {
    title: "editor.trigger.gateway",
    fresh: { gateway: "started" },
    fields: [{ at: "gateway", type: "choice", label: "editor.gateway", options: ["started"] }, ...HEAD],
  },
  bridge: {
    title: "editor.trigger.bridge",
    fresh: { bridge: { to: "offline" } },
    fields: [
      { at: "bridge.to", type: "choice", label: "editor.becomes", options: ["online", "offline"] },
      FOR,
      { at: "bridge.provider", type: "text", label: "editor.provider", more: true },
      ...HEAD,
    ],
  },
  clock: {
    title: "editor.trigger.clock",
    fresh: { clock: "synced" },
    fields: [
      {
        at: "clock",
        type: "choice",
        label: "editor.becomes",
        options: ["synced", "holdover", "untrusted", "stepped"],
      },
      ...HEAD,
    ],
  },
};

const CONDITIONS: Readonly<Record<string, KindSpec>> = {
  state: {
    title: "editor.condition.state",
    common: true,
    fresh: { state: { property: "", is: true } },
    fields: [
      property("state", "look", true),
      { at: "state.is", type: "values", label: "editor.is", of: "state.property", need: true },
      HELD,
      attribute("state"),
    ],
  },
  numeric: {
    title: "editor.condition.numeric",
    common: true,
    fresh: { numeric: { property: "" } },
    fields: [property("numeric", "look-number", true), ...LIMITS, HELD, attribute("numeric")],
  },
  time: {
    title: "editor.condition.time",
    common: true,
    fresh: { time: { after: "07:00", before: "22:00" } },
    fields: [
      { at: "time.after", type: "time", label: "editor.after", width: "half" },
      { at: "time.before", type: "time", label: "editor.before", width: "half" },
      {
        at: "time.weekdays",
        type: "choices",
        label: "editor.weekdays",
        hint: "editor.everyDay",
        width: "wide",
        options: WEEKDAYS,
      },
    ],
  },
  sun: {
    title: "editor.condition.sun",
    fresh: { sun: { after: { event: "sunset" } } },
    fields: [...moment("after"), ...moment("before")],
  },
  schedule: {
    title: "editor.condition.schedule",
    fresh: { schedule: { week: { weekdays: ["06:00-08:30"] } } },
    fields: [WEEK],
  },
  presence: {
    title: "editor.condition.presence",
    fresh: { presence: { is: "someone" } },
    fields: [
      {
        at: "presence.is",
        type: "choice",
        label: "editor.presenceIs",
        options: ["someone", "everyone", "nobody"],
      },
      HELD,
      { at: "presence.of", type: "things", label: "editor.presenceOf", more: true },
    ],
  },
  availability: {
    title: "editor.condition.availability",
    fresh: { availability: { thing: "", is: "ready" } },
    fields: [
      { at: "availability.thing", type: "things", label: "editor.things" },
      { at: "availability.is", type: "choices", label: "editor.is", options: AVAILABILITIES },
    ],
  },
  trigger: {
    title: "editor.condition.trigger",
    fresh: { trigger: "" },
    fields: [
      {
        at: "trigger",
        type: "words",
        label: "editor.triggerIds",
        hint: "editor.commas",
        need: true,
        offers: "triggers",
      },
    ],
  },
  expression: {
    title: "editor.condition.expression",
    fresh: { expression: "" },
    fields: [{ at: "expression", type: "code", label: "editor.expression", hint: "editor.expressionHint" }],
  },
  bridge: {
    title: "editor.condition.bridge",
    fresh: { bridge: { is: "online" } },
    fields: [
      { at: "bridge.is", type: "choice", label: "editor.is", options: ["online", "offline"] },
      { at: "bridge.provider", type: "text", label: "editor.provider", more: true },
    ],
  },
  clock: {
    title: "editor.condition.clock",
    fresh: { clock: "trusted" },
    fields: [
      {
        at: "clock",
        type: "choice",
        label: "editor.is",
        options: ["trusted", "synced", "holdover", "untrusted"],
      },
    ],
  },
  rule: {
    title: "editor.condition.rule",
    fresh: { rule: { id: "", is: "enabled" } },
    fields: [
      { at: "rule.id", type: "rules", label: "editor.rule", single: true },
      {
        at: "rule.is",
        type: "choice",
        label: "editor.is",
        options: ["enabled", "disabled", "running", "idle"],
      },
    ],
  },
  and: {
    title: "editor.condition.and",
    fresh: { and: [] },
    fields: [{ at: "and", type: "conditions", label: "editor.allOf", need: true }],
  },
  or: {
    title: "editor.condition.or",
    fresh: { or: [] },
    fields: [{ at: "or", type: "conditions", label: "editor.anyOf", need: true }],
  },
  not: {
    title: "editor.condition.not",
    fresh: { not: {} },
    fields: [{ at: "not", type: "condition", label: "editor.noneOf" }],
  },
};

const ACTIONS: Readonly<Record<string, KindSpec>> = {
  set: {
    title: "editor.action.set",
    common: true,
    fresh: { set: "", value: true },
    fields: [
      { at: "set", type: "properties", label: "editor.property", use: "write" },
      { at: "value", type: "value", label: "editor.value", of: "set" },
      CONFIRM,
    ],
  },
  delay: {
    title: "editor.action.delay",
    common: true,
    fresh: { delay: "5m" },
    fields: [{ at: "delay", type: "wait", label: "editor.delay" }],
  },
  notify: {
    title: "editor.action.notify",
    common: true,
    fresh: { notify: "" },
    fields: [
      { at: "notify", type: "text", label: "editor.notify", need: true, width: "wide" },
      {
        at: "level",
        type: "choice",
        label: "editor.level",
        options: ["info", "warning", "alarm"],
        usual: "info",
      },
      { at: "to", type: "words", label: "editor.notifyTo", hint: "editor.notifyToHint", more: true },
      RETRY,
    ],
  },
  if: {
    title: "editor.action.if",
    common: true,
    // biome-ignore lint/suspicious/noThenProperty: it is a word of the language, and no promise.
    fresh: { if: [], then: [] },
    fields: [
      { at: "if", type: "conditions", label: "editor.if", need: true },
      { at: "then", type: "actions", label: "editor.then", need: true },
      ELSE,
    ],
  },
  choose: {
    title: "editor.action.choose",
    fresh: { choose: [{ when: [], do: [] }] },
    fields: [{ at: "choose", type: "branches", label: "editor.branch" }, ELSE],
  },
  repeat: {
    title: "editor.action.repeat",
    fresh: { repeat: { count: 3 }, do: [] },
    fields: [
      { at: "repeat", type: "how", label: "editor.repeatHow" },
      { at: "repeat.count", type: "any", label: "editor.count", rare: true },
      { at: "repeat.while", type: "conditions", label: "editor.while", rare: true, need: true },
      { at: "repeat.until", type: "conditions", label: "editor.until", rare: true, need: true },
      { at: "repeat.for_each", type: "any", label: "editor.forEach", rare: true },
      { at: "do", type: "actions", label: "editor.do", need: true },
    ],
  },
  wait_for: {
    title: "editor.action.wait_for",
    fresh: { wait_for: [] },
    fields: [{ at: "wait_for", type: "triggers", label: "editor.waitFor", need: true }, ...TIMEOUT],
  },
  wait_until: {
    title: "editor.action.wait_until",
    fresh: { wait_until: [] },
    fields: [{ at: "wait_until", type: "conditions", label: "editor.waitUntil", need: true }, ...TIMEOUT],
  },
  condition: {
    title: "editor.action.condition",
    fresh: { condition: [] },
    fields: [{ at: "condition", type: "conditions", label: "editor.onlyIf", need: true }],
  },
  stop: {
    title: "editor.action.stop",
    fresh: { stop: "" },
    fields: [
      { at: "stop", type: "text", label: "editor.reason", need: true, width: "wide" },
      { at: "error", type: "flag", label: "editor.stopError", more: true },
    ],
  },
  parallel: {
    title: "editor.action.parallel",
    fresh: { parallel: [[], []] },
    fields: [{ at: "parallel", type: "blocks", label: "editor.block" }],
  },
  sequence: {
    title: "editor.action.sequence",
    fresh: { sequence: [] },
    fields: [{ at: "sequence", type: "actions", label: "editor.do", need: true }],
  },
  publish: {
    title: "editor.action.publish",
    fresh: { publish: "", payload: "" },
    fields: [
      { at: "publish", type: "text", label: "editor.topic", need: true, width: "wide" },
      { at: "payload", type: "any", label: "editor.payload" },
      { at: "qos", type: "number", label: "editor.qos", more: true },
      { at: "retain", type: "flag", label: "editor.retain", more: true },
      RETRY,
    ],
  },
  http: {
    title: "editor.action.http",
    fresh: { http: "https://" },
    fields: [
      { at: "http", type: "text", label: "editor.url", need: true, width: "wide" },
      {
        at: "method",
        type: "choice",
        label: "editor.method",
        options: ["GET", "POST", "PUT", "PATCH", "DELETE"],
        usual: "GET",
      },
      { at: "body", type: "any", label: "editor.body" },
      { at: "headers", type: "raw", label: "editor.headers", more: true },
      { at: "timeout", type: "duration", label: "editor.timeout", more: true },
      { at: "response", type: "text", label: "editor.response", hint: "editor.responseHint", more: true },
      RETRY,
    ],
  },
  invoke: {
    title: "editor.action.invoke",
    fresh: { invoke: "" },
    fields: [
      { at: "invoke", type: "text", label: "editor.thingAction", need: true, offers: "actions" },
      { at: "input", type: "any", label: "editor.input" },
      CONFIRM,
      RETRY,
    ],
  },
  call: {
    title: "editor.action.call",
    fresh: { call: "" },
    fields: [
      { at: "call", type: "rules", label: "editor.rule", single: true },
      { at: "wait", type: "flag", label: "editor.callWait" },
      { at: "with", type: "raw", label: "editor.variables", more: true },
    ],
  },
  enable: {
    title: "editor.action.enable",
    fresh: { enable: "" },
    fields: [{ at: "enable", type: "rules", label: "editor.rules" }],
  },
  disable: {
    title: "editor.action.disable",
    fresh: { disable: "" },
    fields: [{ at: "disable", type: "rules", label: "editor.rules" }],
  },
  variables: {
    title: "editor.action.variables",
    fresh: { variables: { name: 1 } },
    fields: [{ at: "variables", type: "raw", label: "editor.variables", hint: "editor.variablesHint" }],
  },
};

export const KINDS: Readonly<Record<Role, Readonly<Record<string, KindSpec>>>> = {
  triggers: TRIGGERS,
  conditions: CONDITIONS,
  actions: ACTIONS,
};

/** What a rule says of itself besides its lists, below “More”. */
export const HEAD_FIELDS: readonly FieldSpec[] = [
  { at: "max", type: "number", label: "editor.max", hint: "editor.maxHint" },
  { at: "group", type: "text", label: "editor.group", hint: "editor.groupHint", offers: "groups" },
  { at: "labels", type: "words", label: "editor.labels", hint: "editor.commas" },
  { at: "on_missed", type: "missed", label: "editor.onMissed" },
  {
    at: "when_untrusted",
    type: "choice",
    label: "editor.whenUntrusted",
    options: ["hold", "run", "skip"],
    usual: "hold",
  },
  {
    at: "on_edit",
    type: "choice",
    label: "editor.onEdit",
    options: ["finish", "cancel"],
    usual: "finish",
  },
  { at: "rate_limit.runs", type: "number", label: "editor.rateRuns", width: "half" },
  { at: "rate_limit.per", type: "duration", label: "editor.ratePer", width: "half" },
  { at: "variables", type: "raw", label: "editor.variables", hint: "editor.variablesHint", width: "wide" },
];
