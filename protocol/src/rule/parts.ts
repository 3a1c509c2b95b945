import { type Static, Type } from "typebox";
import { ID_PATTERN } from "../ids.ts";
import { DURATION_PATTERN } from "../time.ts";

/** What triggers, conditions and actions of a rule are made of. */

/** `thing/node/name`; `thing/name` is accepted where the name alone is unambiguous. */
export const PROPERTY_REFERENCE_PATTERN = "^[a-z0-9-]+(?:/[a-z0-9-]+){1,2}$";
/** `07:30` or `07:30:15`. */
export const TIME_OF_DAY_PATTERN = "^(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d)?$";
/** `30m` or `-30m`. */
export const SIGNED_DURATION_PATTERN = `^-?${DURATION_PATTERN.slice(1)}`;
/** `06:00-08:30`; it may end at `24:00`, and one that ends before it begins crosses midnight. */
export const WINDOW_PATTERN = "^(?:[01]\\d|2[0-3]):[0-5]\\d-(?:(?:[01]\\d|2[0-3]):[0-5]\\d|24:00)$";
/** A whole number of seconds, minutes or hours, each n-th (`/5`) or each (`*`). */
export const PATTERN_FIELD_PATTERN = "^(?:\\*|/?\\d{1,2})$";
/** A name that expressions can use. */
export const VARIABLE_PATTERN = "^[a-z_][a-zA-Z0-9_]{0,63}$";
/** A path inside a value that is a map: `position.x`. */
const ATTRIBUTE_PATTERN = "^[^.]{1,64}(?:\\.[^.]{1,64}){0,7}$";

export const Closed = { additionalProperties: false } as const;

export const Reference = Type.String({
  pattern: PROPERTY_REFERENCE_PATTERN,
  description: "A property: `thing/node/name`, or `thing/name` where the name alone is unambiguous.",
});

export const Id = Type.String({ pattern: ID_PATTERN });

/** A property of all Things of an area, with a tag, or both. */
export const Selector = Type.Object(
  {
    property: Type.String({
      pattern: "^[a-z0-9-]+(?:/[a-z0-9-]+)?$",
      description: "`node/name` or `name`: Things that do not have it are passed over.",
    }),
    area: Type.Optional(Id),
    tag: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { ...Closed, description: "The property of every Thing in the area, with the tag, or both." },
);
export type Selector = Static<typeof Selector>;

/** One property, several, or those of an area or a tag. */
export const Properties = Type.Union([
  Reference,
  Type.Array(Reference, { minItems: 1, maxItems: 256 }),
  Selector,
]);
export type Properties = Static<typeof Properties>;

/** Things by name, area or tag. */
export const Things = Type.Union([
  Id,
  Type.Array(Id, { minItems: 1, maxItems: 256 }),
  Type.Object(
    { area: Type.Optional(Id), tag: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) },
    Closed,
  ),
]);
export type Things = Static<typeof Things>;

export const Duration = Type.String({
  pattern: DURATION_PATTERN,
  description: "A duration: `500ms`, `2s`, `5m`, `1h30m`. Counted on the monotonic clock.",
});
export const TimeOfDay = Type.String({
  pattern: TIME_OF_DAY_PATTERN,
  description: "Time of day in the gateway's time zone: `07:30` or `07:30:15`. Quote it in YAML.",
});
export const Weekdays = Type.Array(Type.Enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), {
  minItems: 1,
  maxItems: 7,
});
export const Scalar = Type.Union([Type.Boolean(), Type.Number(), Type.String({ maxLength: 1024 })]);
export type Scalar = Static<typeof Scalar>;
export const Scalars = Type.Union([
  Type.Boolean(),
  Type.Number(),
  Type.String({ maxLength: 1024 }),
  Type.Array(Scalar, { minItems: 1, maxItems: 64 }),
]);
export type Scalars = Static<typeof Scalars>;
export const Attribute = Type.String({
  pattern: ATTRIBUTE_PATTERN,
  description: "Place inside a value that is a map: `position.x`.",
});
export const Expression = Type.String({
  minLength: 1,
  maxLength: 4_096,
  description: 'A CEL expression: `value("room/air/temperature") > value("yard/air/temperature")`.',
});

const Windows = Type.Array(
  Type.String({
    pattern: WINDOW_PATTERN,
    description: "`06:00-08:30`; past midnight where it ends earlier.",
  }),
  { maxItems: 48 },
);
/** A weekly schedule table: on which days what is in a window. */
export const Week = Type.Object(
  Object.fromEntries(
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "weekdays", "weekend", "daily"].map((day) => [
      day,
      Type.Optional(Windows),
    ]),
  ),
  {
    ...Closed,
    description: "Windows of each day; `weekdays`, `weekend` and `daily` add to the days they name.",
  },
);
export type Week = Partial<
  Record<
    "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun" | "weekdays" | "weekend" | "daily",
    readonly string[]
  >
>;

export const SunEvent = Type.Enum(["sunrise", "sunset", "dawn", "dusk"]);
export type SunEvent = "sunrise" | "sunset" | "dawn" | "dusk";
export const SunMoment = Type.Object(
  {
    event: SunEvent,
    offset: Type.Optional(
      Type.String({ pattern: SIGNED_DURATION_PATTERN, description: "Before (`-30m`) or after (`1h`) it." }),
    ),
  },
  Closed,
);
export type SunMoment = { event: SunEvent; offset?: string };

/** A value, with templates in any of its texts. */
export const Value = Type.Union([
  Scalar,
  Type.Record(Type.String(), Type.Unknown()),
  Type.Array(Type.Unknown()),
]);
export const Variables = Type.Record(Type.String({ pattern: VARIABLE_PATTERN }), Type.Unknown(), {
  description: "Names for expressions; a text may hold `${ CEL }`.",
});
