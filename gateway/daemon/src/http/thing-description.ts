import type { PropertyAffordance, Thing } from "@tram/protocol";

const CONTEXT = "https://www.w3.org/2022/wot/td/v1.1";

/** Terms of ours that a consumer of Thing Descriptions would not know, and needs not. */
const OWN_TERMS = new Set(["momentary", "confirmMs", "labels", "colorFormats", "orArray"]);

/** Writes the Thing Description (W3C WoT TD 1.1) of a Thing, with forms that work on this gateway. */
export function thingDescription(thing: Thing): object {
  const base = `/api/v1/things/${thing.id}`;
  const properties = Object.entries(thing.properties).map(([key, affordance]) => [
    key,
    { ...standardTerms(affordance), forms: propertyForms(`${base}/properties/${key}`, affordance) },
  ]);
  const actions = Object.entries(thing.actions ?? {}).map(([name, action]) => [
    name,
    { ...action, forms: [form(`${base}/actions/${name}`, "invokeaction", "POST")] },
  ]);
  const { nodes: _n, model: _m, root: _r, parent, properties: _p, actions: _a, ...rest } = thing;
  return {
    "@context": CONTEXT,
    ...rest,
    id: `urn:homie:5:${thing.id}`,
    securityDefinitions: { bearer: { scheme: "bearer", format: "opaque" } },
    security: "bearer",
    properties: Object.fromEntries(properties),
    actions: Object.fromEntries(actions),
    // IANA "Link Relations": the Thing that this one is a part of.
    ...(parent === undefined ? {} : { links: [{ rel: "collection", href: `/api/v1/things/${parent}` }] }),
    forms: [form(`${base}/properties`, "readallproperties", "GET")],
  };
}

function propertyForms(href: string, affordance: PropertyAffordance): object[] {
  return [
    ...(affordance.writeOnly === true ? [] : [form(href, "readproperty", "GET")]),
    ...(affordance.readOnly === true ? [] : [form(href, "writeproperty", "PUT")]),
  ];
}

function form(href: string, op: string, method: string): object {
  return { href, op: [op], "htv:methodName": method, contentType: "application/json" };
}

function standardTerms(affordance: PropertyAffordance): object {
  const { orArray, labels } = affordance;
  return {
    ...Object.fromEntries(
      Object.entries(affordance).filter(([term]) => !OWN_TERMS.has(term) && !(term === "type" && orArray)),
    ),
    // WoT TD 1.1 §5.3.2: what one type cannot say.
    ...(orArray === true ? { oneOf: [{ type: "object" }, { type: "array" }] } : {}),
    ...(labels === undefined ? {} : { oneOf: labels.map((title, index) => ({ const: index === 1, title })) }),
  };
}
