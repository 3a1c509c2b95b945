import type {
  DataSchema,
  EventAffordance,
  PropertyAffordance,
  PropertyKey,
  Thing,
  ThingId,
} from "@tram/protocol";
import { eventTopic } from "../mqtt/events-out.ts";
import { bothWays, type Form, httpForm, SECURITY, sseForm } from "./forms.ts";
import { eventForm, mqttForms } from "./mqtt-forms.ts";
import { WELL_KNOWN_PATH } from "./paths.ts";
import type { Reach } from "./reach.ts";

/** WoT TD 1.1 §5.3.1.1, and the vocabulary of the MQTT binding, whose namespace is not settled yet. */
const CONTEXT = ["https://www.w3.org/2022/wot/td/v1.1", { mqv: "http://www.example.org/mqtt-binding#" }];

/** What TD 1.1 §5.3.1.3 and §5.3.2 know and mean as we do. Terms of ours would tell a consumer nothing. */
const STANDARD_TERMS = [
  "title",
  "titles",
  "description",
  "type",
  "unit",
  "minimum",
  "maximum",
  "format",
  "properties",
  "required",
  "items",
  "minItems",
  "maxItems",
  "readOnly",
  "writeOnly",
] as const;

export const TD_CONTENT_TYPE = "application/td+json";

/** How a Thing is named in Thing Descriptions. */
export function urnOf(id: string): string {
  return `urn:homie:5:${id}`;
}

/**
 * Writes the Thing Description (W3C WoT TD 1.1) of a Thing, with forms that work on this gateway: HTTP in the style of the
 * WoT HTTP Basic and SSE Profiles, and MQTT, where the caller reaches the broker.
 */
export function thingDescription(thing: Thing, reach: Reach): object {
  const id = thing.id as ThingId;
  const base = `${reach.http}/api/v1/things/${id}`;
  const properties = Object.entries(thing.properties).map(([key, affordance]) => [
    key,
    {
      ...standardTerms(affordance),
      observable: affordance.writeOnly !== true,
      forms: [
        ...propertyForms(`${base}/properties/${key}`, affordance),
        ...reach.mqtt.flatMap((door) => mqttForms(door, id, key as PropertyKey, affordance)),
      ],
    },
  ]);
  const actions = Object.entries(thing.actions ?? {}).map(([name, { input, ...action }]) => [
    name,
    {
      ...action,
      ...(input === undefined ? {} : { input: standardTerms(input) }),
      // What was accepted is told at once; what became of it, at the place that the answer names.
      synchronous: false,
      forms: [httpForm(`${base}/actions/${name}`, ["invokeaction"], "POST")],
    },
  ]);
  const events = Object.entries(thing.events ?? {}).map(([name, event]) => [
    name,
    describeEvent(event, [
      sseForm(`${base}/events/${name}`, ["subscribeevent", "unsubscribeevent"]),
      ...reach.mqtt.map((door) => eventForm(door, eventTopic(id, name))),
    ]),
  ]);
  const { description, title, titles } = thing;
  return {
    "@context": CONTEXT,
    id: urnOf(id),
    title,
    ...(titles === undefined ? {} : { titles }),
    ...(description === undefined ? {} : { description }),
    securityDefinitions: { ...SECURITY, ...(reach.mqtt.length === 0 ? {} : { basic: { scheme: "basic" } }) },
    security: ["bearer"],
    properties: Object.fromEntries(properties),
    actions: Object.fromEntries(actions),
    events: Object.fromEntries(events),
    // IANA "Link Relations": the directory, and the Thing that this one is a part of.
    links: [
      `${reach.http}${WELL_KNOWN_PATH}`,
      ...(thing.parent === undefined ? [] : [`${reach.http}/api/v1/things/${thing.parent}`]),
    ].map((href) => ({ rel: "collection", href, type: TD_CONTENT_TYPE })),
    forms: thingForms(base, thing),
  };
}

function thingForms(base: string, thing: Thing): readonly Form[] {
  const all = Object.values(thing.properties);
  const observed = ["observeallproperties", "unobserveallproperties"];
  const subscribed = ["subscribeallevents", "unsubscribeallevents"];
  return [
    httpForm(`${base}/properties?only=values`, ["readallproperties"], "GET"),
    ...(all.some(({ readOnly }) => readOnly !== true)
      ? [httpForm(`${base}/properties`, ["writemultipleproperties"], "PUT")]
      : []),
    ...bothWays(sseForm(`${base}/properties`, observed)),
    ...(Object.keys(thing.events ?? {}).length === 0 ? [] : bothWays(sseForm(`${base}/events`, subscribed))),
  ];
}

function propertyForms(href: string, affordance: PropertyAffordance): readonly Form[] {
  return [
    ...(affordance.writeOnly === true
      ? []
      : [httpForm(href, ["readproperty"], "GET"), sseForm(href, ["observeproperty", "unobserveproperty"])]),
    ...(affordance.readOnly === true ? [] : [httpForm(href, ["writeproperty"], "PUT")]),
  ];
}

function describeEvent({ data, ...event }: EventAffordance, forms: readonly Form[]): object {
  return { ...event, ...(data === undefined ? {} : { data: standardTerms(data) }), forms };
}

function standardTerms(schema: PropertyAffordance | DataSchema): object {
  const terms: PropertyAffordance = schema;
  const { enum: choices, labels, multipleOf, orArray } = schema;
  return {
    ...Object.fromEntries(
      STANDARD_TERMS.filter((term) => terms[term] !== undefined && !(term === "type" && orArray)).map(
        (term) => [term, terms[term]],
      ),
    ),
    // What one type cannot say, and what truth means here.
    ...(orArray === true ? { oneOf: [{ type: "object" }, { type: "array" }] } : {}),
    ...(labels === undefined ? {} : { oneOf: labels.map((title, index) => ({ const: index === 1, title })) }),
    ...(choices === undefined ? {} : { enum: [...new Set(choices)] }),
    ...(multipleOf !== undefined && isPlainStep(schema, multipleOf) ? { multipleOf } : {}),
  };
}

/**
 * JSON Schema counts steps from zero, ours begin at the minimum; and validators divide binary fractions, in which 21.3 is
 * no multiple of 0.1. A step that would make them refuse our own values is left out: the gateway rounds what it is sent.
 */
function isPlainStep({ maximum, minimum }: DataSchema, step: number): boolean {
  return Number.isInteger(step) && Number.isInteger((minimum ?? maximum ?? 0) / step);
}
