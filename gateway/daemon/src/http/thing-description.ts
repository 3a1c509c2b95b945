import type { PropertyAffordance, Thing } from "@tram/protocol";

const CONTEXT = "https://www.w3.org/2022/wot/td/v1.1";

/** Terms of ours that a consumer of Thing Descriptions would not know, and needs not. */
const OWN_TERMS = new Set(["momentary", "confirmMs"]);

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
  const { nodes: _nodes, model: _model, properties: _properties, actions: _actions, ...rest } = thing;
  return {
    "@context": CONTEXT,
    ...rest,
    id: `urn:homie:5:${thing.id}`,
    securityDefinitions: { bearer: { scheme: "bearer", format: "opaque" } },
    security: "bearer",
    properties: Object.fromEntries(properties),
    actions: Object.fromEntries(actions),
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
  return Object.fromEntries(Object.entries(affordance).filter(([term]) => !OWN_TERMS.has(term)));
}
