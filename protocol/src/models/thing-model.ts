import { type Static, Type } from "typebox";
import { HASS_COMPONENTS, HASS_STATE_CLASSES, type HassComponent } from "../home-assistant/components.ts";
import { ID_PATTERN } from "../ids.ts";
import { PROPERTY_KEY_PATTERN, PropertyAffordance } from "../thing.ts";

/**
 * The strict JSON subset of the WoT Thing Model (WoT TD 1.1 §10) that the standard models are written in: a Thing, its
 * titles in English (`title`) and Vietnamese (`titles.vi`), and what it is in Matter, Home Assistant and Homie.
 */
const Closed = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 256 });
const InVietnamese = Type.Object({ vi: Text }, Closed);
const PropertyKeyText = Type.String({ pattern: PROPERTY_KEY_PATTERN });

/** Where Matter keeps a property: names of the Matter Application Cluster Specification. */
export const MatterMapping = Type.Object(
  {
    cluster: Text,
    /** Several where they make the value together, as X and Y make a colour. */
    attributes: Type.Optional(Type.Array(Text, { minItems: 1 })),
    /** For what happens and is no state. */
    events: Type.Optional(Type.Array(Text, { minItems: 1 })),
    /** Where a device has the cluster several times; from 1. Without it 1. */
    endpoint: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Matter tells the opposite: closed for open. */
    inverted: Type.Optional(Type.Literal(true)),
  },
  Closed,
);
export type MatterMapping = Static<typeof MatterMapping>;

/** One entity of Home Assistant, and which properties it is made of. */
export const HassEntity = Type.Object(
  {
    component: Type.Enum(Object.keys(HASS_COMPONENTS) as HassComponent[]),
    device_class: Type.Optional(Text),
    state_class: Type.Optional(Type.Enum([...HASS_STATE_CLASSES])),
    /** Property by use: `{ "state": "light/on", "brightness": "light/brightness" }`. */
    uses: Type.Record(Type.String({ pattern: "^[a-z_]+$" }), PropertyKeyText, Closed),
  },
  Closed,
);
export type HassEntity = Static<typeof HassEntity>;

export const ModelProperty = Type.Object(
  {
    ...PropertyAffordance.properties,
    title: Text,
    titles: InVietnamese,
    "matter:mapping": Type.Optional(MatterMapping),
  },
  Closed,
);
export type ModelProperty = Static<typeof ModelProperty>;

export const ThingModel = Type.Object(
  {
    "@context": Type.Tuple([
      Type.Literal("https://www.w3.org/2022/wot/td/v1.1"),
      Type.Object(
        {
          "@language": Type.Literal("en"),
          matter: Type.Literal("urn:matter:"),
          hass: Type.Literal("urn:home-assistant:"),
          homie: Type.Literal("urn:homie:5:"),
        },
        Closed,
      ),
    ]),
    "@type": Type.Literal("tm:ThingModel"),
    id: Type.String({ pattern: `^urn:thing-model:${ID_PATTERN.slice(1)}` }),
    title: Text,
    titles: InVietnamese,
    description: Text,
    descriptions: InVietnamese,
    version: Type.Object({ model: Type.String({ pattern: "^\\d+\\.\\d+\\.\\d+$" }) }, Closed),
    /** JSON pointers (RFC 6901) of what a Thing of this kind need not have (WoT TD 1.1 §10.3.5). */
    "tm:optional": Type.Optional(
      Type.Array(Type.String({ pattern: "^/properties/[a-z0-9-]+~1[a-z0-9-]+$" })),
    ),
    /** Titles of Homie's nodes, which group the properties. */
    "homie:nodes": Type.Record(
      Type.String({ pattern: ID_PATTERN }),
      Type.Object({ title: Text, titles: InVietnamese }, Closed),
      Closed,
    ),
    properties: Type.Record(PropertyKeyText, ModelProperty, { ...Closed, minProperties: 1 }),
    "hass:entities": Type.Array(HassEntity, { minItems: 1 }),
    /** Names of the Matter Device Library; empty where Matter has none. */
    "matter:deviceTypes": Type.Array(Text),
  },
  Closed,
);
export type ThingModel = Static<typeof ThingModel>;

/** The short name of a model: `plug-meter`. It is what `model` of a Thing and Homie's `type` say. */
export function modelName({ id }: Pick<ThingModel, "id">): string {
  return id.slice("urn:thing-model:".length);
}

/** Keys of the properties that a Thing of this kind need not have. */
export function optionalProperties(model: ThingModel): ReadonlySet<string> {
  const pointers = model["tm:optional"] ?? [];
  return new Set(pointers.map((pointer) => pointer.slice("/properties/".length).replace("~1", "/")));
}
