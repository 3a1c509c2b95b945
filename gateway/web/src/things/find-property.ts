import type { PropertyAffordance, Thing } from "@tram/protocol";

export interface FoundProperty {
  readonly thing: Thing;
  /** `node/name` */
  readonly key: string;
  readonly affordance: PropertyAffordance;
}

/**
 * Finds the property that a rule names: `thing/node/name`, or `thing/name` where the name alone is unambiguous.
 * @returns `undefined` while no Thing has announced it.
 */
export function findProperty(
  things: Readonly<Record<string, Thing>>,
  reference: string,
): FoundProperty | undefined {
  const slash = reference.indexOf("/");
  const id = reference.slice(0, slash);
  if (slash < 0 || !Object.hasOwn(things, id)) return undefined;
  const thing = things[id];
  const rest = reference.slice(slash + 1);
  const keys = Object.keys(thing?.properties ?? {}).filter((key) =>
    rest.includes("/") ? key === rest : key.endsWith(`/${rest}`),
  );
  const [key] = keys;
  const affordance = key === undefined ? undefined : thing?.properties[key];
  if (thing === undefined || key === undefined || affordance === undefined || keys.length > 1)
    return undefined;
  return { thing, key, affordance };
}
