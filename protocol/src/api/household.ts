import { type Static, Type } from "typebox";
import { ID_PATTERN } from "../ids.ts";
import { Thing } from "../thing.ts";
import { Area, MAX_AREAS, ThingSettings } from "../thing-settings.ts";

const Closed = { additionalProperties: false } as const;
const Id = Type.String({ pattern: ID_PATTERN });

/** A way to the device of a Thing, as it is kept. */
export const KeptLink = Type.Object(
  {
    id: Id,
    of: Type.Optional(
      Type.String({ pattern: ID_PATTERN, description: "The Thing, where it has another name." }),
    ),
    source: Type.String({ pattern: "^(?:module|mqtt|foreign):.{1,128}$" }),
    thing: Thing,
  },
  Closed,
);
export type KeptLink = Static<typeof KeptLink>;

/** What the owner knows and decided about the Things of a house, as a file. It holds no values and no secrets. */
export const HouseholdFile = Type.Object(
  {
    format: Type.Literal("household"),
    version: Type.Literal(1),
    areas: Type.Array(Area, { maxItems: MAX_AREAS }),
    settings: Type.Record(Id, ThingSettings, Closed),
    links: Type.Array(KeptLink, { maxItems: 16_000 }),
  },
  Closed,
);
export type HouseholdFile = Static<typeof HouseholdFile>;

export const HouseholdReport = Type.Object({
  areas: Type.Integer({ description: "Areas that were taken over." }),
  settings: Type.Integer({ description: "Things whose settings were taken over." }),
  links: Type.Integer({ description: "Things and links that were not known before." }),
  skipped: Type.Array(Type.Object({ path: Type.String(), problem: Type.String() })),
});
export type HouseholdReport = Static<typeof HouseholdReport>;
