import { PRODUCT } from "@tram/protocol";
import { bothWays, type Form, httpForm, SECURITY, sseForm } from "./forms.ts";
import { DIRECTORY_PATH, WELL_KNOWN_PATH } from "./paths.ts";
import type { Reach } from "./reach.ts";

/**
 * The directory describes itself (WoT Discovery §7.3, "Directory Service API"; the names of the affordances are those of its
 * Thing Model). Everybody may read this, so it says nothing of the house: not even its name.
 */
export function directoryDescription({ http }: Reach): object {
  const base = `${http}${DIRECTORY_PATH}`;
  const partial = { type: "object", properties: { id: { type: "string", format: "iri-reference" } } };
  return {
    "@context": ["https://www.w3.org/2022/wot/td/v1.1", "https://www.w3.org/2022/wot/discovery"],
    "@type": "ThingDirectory",
    // By its address: a name would be the same in two houses, or tell whose this one is.
    id: `${http}${WELL_KNOWN_PATH}`,
    title: `${PRODUCT.title} Thing directory`,
    version: { instance: PRODUCT.version },
    securityDefinitions: SECURITY,
    security: ["bearer"],
    properties: {
      things: {
        description: "The descriptions of all Things, in pages where a limit is given.",
        readOnly: true,
        type: "array",
        items: { type: "object" },
        uriVariables: {
          offset: { title: "Left out at the beginning", type: "integer", minimum: 0 },
          limit: { title: "At most so many", type: "integer", minimum: 1 },
        },
        forms: [httpForm(`${base}/things{?offset,limit}`, ["readproperty"], "GET")],
      },
    },
    actions: {
      retrieveThing: {
        description: "The description of one Thing.",
        safe: true,
        idempotent: true,
        synchronous: true,
        uriVariables: { id: { title: "The id in the description", type: "string", format: "iri-reference" } },
        output: { type: "object" },
        forms: [
          {
            ...httpForm(`${base}/things/{id}`, ["invokeaction"], "GET"),
            response: { contentType: "application/td+json" },
          },
        ],
      },
    },
    events: {
      thingCreated: { data: partial, forms: eventForms(`${base}/events/thing_created`) },
      thingUpdated: { data: partial, forms: eventForms(`${base}/events/thing_updated`) },
      thingDeleted: { data: partial, forms: eventForms(`${base}/events/thing_deleted`) },
    },
    forms: bothWays(sseForm(`${base}/events`, ["subscribeallevents", "unsubscribeallevents"])),
  };
}

function eventForms(href: string): readonly Form[] {
  return bothWays(sseForm(href, ["subscribeevent", "unsubscribeevent"]));
}
