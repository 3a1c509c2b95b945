import { type Static, type TSchema, Type } from "typebox";
import { ID_PATTERN } from "../ids.ts";
import type { Json } from "../json.ts";
import { PROPERTY_KEY_PATTERN, PropertyAffordance } from "../thing.ts";
import { DURATION_PATTERN } from "../time.ts";
import { Closed, Duration, Id, PROPERTY_REFERENCE_PATTERN, Reference } from "./parts.ts";

/**
 * The language of rule tests, as written in `*.test.yaml` beside the rules: what is given, what happens when, and what
 * the rules shall do then. It is meant to be read aloud.
 */

/** A record that takes no other keys. */
const record = <Value extends TSchema>(pattern: string, value: Value, maxProperties: number) =>
  Type.Record(Type.String({ pattern }), value, { ...Closed, maxProperties });

const AnyJson = Type.Unsafe<Json>(Type.Unknown());
const Ids = Type.Union([Id, Type.Array(Id, { minItems: 1, maxItems: 256 })]);
const Text = Type.String({ minLength: 1, maxLength: 1_024 });

const References = Type.Union([Reference, Type.Array(Reference, { minItems: 1, maxItems: 256 })]);

/** A point of a test: so long after its beginning, or when the clock on the wall next shows a time of day. */
export const TEST_POINT_PATTERN =
  "^(?:(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))+|(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d)?)$";
const Point = Type.String({ pattern: TEST_POINT_PATTERN });

/** When a test begins: `2026-03-01T06:00:00+07:00`, the same without a zone, `07:30`, or `sat 07:30`. */
export const TEST_START_PATTERN =
  "^(?:\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(?::\\d\\d)?(?:Z|[+-]\\d\\d:\\d\\d)?|(?:(?:mon|tue|wed|thu|fri|sat|sun) )?(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d)?)$";

const Trust = Type.Enum(["untrusted", "holdover", "synced"]);
const Values = record(PROPERTY_REFERENCE_PATTERN, AnyJson, 256);

/** A property of a test's Thing: a type alone, the values that a text may have, or a whole description. */
export const TestProperty = Type.Union([
  Type.Enum(["boolean", "integer", "number", "string", "object", "array"]),
  Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: 256 }),
  PropertyAffordance,
]);
export type TestProperty = Static<typeof TestProperty>;

/** A Thing of a test: the name of a Thing Model, or a description. */
export const TestThing = Type.Union([
  Id,
  Type.Object(
    {
      model: Type.Optional(Id),
      title: Type.Optional(Text),
      properties: Type.Optional(record(PROPERTY_KEY_PATTERN, TestProperty, 512)),
      actions: Type.Optional(Type.Array(Id, { maxItems: 64 })),
      events: Type.Optional(Type.Array(Id, { maxItems: 64 })),
      area: Type.Optional(Id),
      tags: Type.Optional(Type.Array(Id, { maxItems: 32 })),
    },
    Closed,
  ),
]);
export type TestThing = Static<typeof TestThing>;

/** How a Thing answers what it is told: `false` not at all, `fail`, or so long after. */
export const TestAnswer = Type.Union([
  Type.Boolean(),
  Type.String({ pattern: `^(?:fail|${DURATION_PATTERN.slice(1, -1)})$` }),
]);
export type TestAnswer = Static<typeof TestAnswer>;

/** `thing/action`. */
const ThingAction = Type.String({ pattern: "^[a-z0-9-]+/[A-Za-z0-9_-]{1,64}$" });
const Availability = Type.Enum(["init", "ready", "disconnected", "sleeping", "lost"]);

/** How a web server answers. */
export const TestHttpAnswer = Type.Union([
  TestAnswer,
  Type.Object(
    {
      status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 })),
      body: Type.Optional(AnyJson),
      after: Type.Optional(Duration),
    },
    Closed,
  ),
]);
export type TestHttpAnswer = Static<typeof TestHttpAnswer>;

const When = Type.Optional(Point);
const happening = <Properties extends Record<string, TSchema>>(properties: Properties) =>
  Type.Object({ ...properties, at: When, after: Type.Optional(Duration) }, Closed);

/** Something that shall be so. The first key tells what. */
export const TestCheck = Type.Union([
  Type.Object({ command: Values, within: Type.Optional(Duration), at: When, by: Type.Optional(Id) }, Closed),
  Type.Object({ "no command": Type.Union([References, Values]) }, Closed),
  Type.Object(
    {
      notify: Text,
      level: Type.Optional(Type.Enum(["info", "warning", "alarm"])),
      within: Type.Optional(Duration),
      at: When,
      by: Type.Optional(Id),
    },
    Closed,
  ),
  Type.Object(
    {
      invoke: ThingAction,
      input: Type.Optional(AnyJson),
      within: Type.Optional(Duration),
      at: When,
      by: Type.Optional(Id),
    },
    Closed,
  ),
  Type.Object(
    {
      publish: Text,
      payload: Type.Optional(AnyJson),
      within: Type.Optional(Duration),
      at: When,
      by: Type.Optional(Id),
    },
    Closed,
  ),
  Type.Object(
    {
      http: Type.String({ minLength: 1, maxLength: 2_048, description: "A part of the URL." }),
      method: Type.Optional(Text),
      body: Type.Optional(AnyJson),
      within: Type.Optional(Duration),
      at: When,
      by: Type.Optional(Id),
    },
    Closed,
  ),
  Type.Object({ running: Ids }, Closed),
  Type.Object({ "not running": Ids }, Closed),
  Type.Object({ "no notify": Type.Union([Type.Literal(true), Text]) }, Closed),
  Type.Object(
    { fired: Id, times: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })), at: When },
    Closed,
  ),
  Type.Object({ "not fired": Ids }, Closed),
  Type.Object({ state: Values }, Closed),
  Type.Object({ nothing: Type.Literal(true) }, Closed),
]);
export type TestCheck = Static<typeof TestCheck>;

const Checks = Type.Array(TestCheck, { minItems: 1, maxItems: 256 });

/** Something that happens in a test, or time that passes. The first key tells what. */
export const TestStep = Type.Union([
  happening({ report: Values, quality: Type.Optional(Type.Enum(["good", "stale", "bad"])) }),
  happening({ unavailable: Ids }),
  happening({ available: Ids }),
  happening({ availability: record(ID_PATTERN, Availability, 256) }),
  happening({
    event: Type.Object({ thing: Id, event: Text, data: Type.Optional(AnyJson) }, Closed),
  }),
  happening({ message: Type.Object({ topic: Text, payload: Type.Optional(AnyJson) }, Closed) }),
  happening({ webhook: Text, data: Type.Optional(AnyJson) }),
  happening({ bridge: Type.Enum(["online", "offline"]), provider: Type.Optional(Id) }),
  happening({ enable: Ids }),
  happening({ disable: Ids }),
  happening({ run: Ids }),
  happening({
    clock: Type.Union([
      Trust,
      Type.Object(
        {
          step: Type.String({ pattern: `^[+-]?${DURATION_PATTERN.slice(1, -1)}$` }),
          trust: Type.Optional(Trust),
        },
        Closed,
      ),
    ]),
  }),
  happening({ power_cut: Duration, clock: Type.Optional(Trust) }),
  happening({ restart: Type.Literal(true) }),
  happening({ respond: record(ID_PATTERN, TestAnswer, 256) }),
  // biome-ignore lint/suspicious/noThenProperty: the word that people say; nobody awaits a schema.
  happening({ then: Checks }),
  Type.Object({ wait: Duration }, Closed),
  Type.Object({ until: Point }, Closed),
]);
export type TestStep = Static<typeof TestStep>;

/** The same schema with something to read in editors. */
const told = <Schema extends TSchema>(description: string, schema: Schema): Schema => ({
  ...schema,
  description,
});

const Common = {
  rules: Type.Optional(
    told(
      "Rule files, from the folder of the test. Default: the file of the same name without `.test`.",
      Type.Union([Text, Type.Array(Text, { minItems: 1, maxItems: 64 })]),
    ),
  ),
  things: Type.Optional(
    told(
      "Things of the test: the name of a Thing Model, or a description.",
      record(ID_PATTERN, TestThing, 1_000),
    ),
  ),
  timezone: Type.Optional(told("IANA name. Default: UTC, so that a test is the same everywhere.", Text)),
  location: Type.Optional(
    told(
      "Latitude and longitude, for the sun.",
      Type.Array(Type.Number({ minimum: -180, maximum: 180 }), { minItems: 2, maxItems: 2 }),
    ),
  ),
  start: Type.Optional(
    told(
      "When the test begins: `2026-03-01T06:00`, `07:30` or `sat 07:30`. Default: Monday, 2026-01-05, at 00:00.",
      Type.String({ pattern: TEST_START_PATTERN }),
    ),
  ),
  clock: Type.Optional(told("How far the wall clock can be believed. Default: synced.", Trust)),
  given: Type.Optional(told("What is known before the rules begin.", Values)),
  respond: Type.Optional(
    told(
      "How Things answer: `true`, `false` for not at all, `fail`, or so long after.",
      record(ID_PATTERN, TestAnswer, 256),
    ),
  ),
  http: Type.Optional(
    told(
      "How web servers answer, by a part of the URL.",
      Type.Record(Type.String({ pattern: "^.{1,2048}$" }), TestHttpAnswer, { ...Closed, maxProperties: 64 }),
    ),
  ),
  bridges: Type.Optional(
    told(
      "Ways to clouds that are there, by their ids.",
      record(ID_PATTERN, Type.Enum(["online", "offline"]), 16),
    ),
  ),
  devices_back: Type.Optional(
    told(
      "So long after a start of the gateway its devices are heard again, or `false`. Default: 1s.",
      Type.Union([Duration, Type.Literal(false)]),
    ),
  ),
  exactly: Type.Optional(told("Whatever the rules do and no check names is a failure.", Type.Boolean())),
};

export const RuleTest = Type.Object(
  {
    test: Text,
    ...Common,
    skip: Type.Optional(Type.Union([Type.Boolean(), Text])),
    when: Type.Optional(Type.Array(TestStep, { maxItems: 1_000 })),
    // biome-ignore lint/suspicious/noThenProperty: as above.
    then: Type.Optional(Checks),
  },
  Closed,
);
export type RuleTest = Static<typeof RuleTest>;

/** A whole file: a list of tests, or a map of what they have in common and `tests`. */
export const RuleTestDefaults = Type.Object(Common, Closed);
export type RuleTestDefaults = Static<typeof RuleTestDefaults>;
