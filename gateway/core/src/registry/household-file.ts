import {
  HouseholdFile,
  type HouseholdReport,
  type KeptLink,
  parseThingId,
  schemaProblems,
  type ThingId,
} from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import type { Source } from "../bus.ts";
import type { Unit } from "../unit.ts";
import type { Household } from "./household.ts";
import type { Registry } from "./registry.ts";

const validator = Compile(HouseholdFile);

/** Everything that the owner decided, and the descriptions that it is about. */
export function exportHousehold(registry: Registry): HouseholdFile {
  const { household } = registry;
  const links = [...registry.records()].flatMap(({ thing }): KeptLink[] =>
    registry.keptLinks(thing.id as ThingId).map(({ described, id, source }) => ({
      id,
      ...(id === thing.id ? {} : { of: thing.id }),
      source,
      thing: described,
    })),
  );
  return {
    format: "household",
    version: 1,
    areas: [...household.areas()],
    settings: Object.fromEntries(household.allSettings()),
    links,
  };
}

export type ImportResult =
  | { readonly ok: true; readonly report: HouseholdReport }
  | { readonly ok: false; readonly path: string; readonly problem: string };

/**
 * Takes over what a file says: areas and settings in the place of those that are there, and Things that are not there
 * yet. What is there and in the way stays, and is told.
 */
export function importHousehold(registry: Registry, candidate: unknown, unit: Unit): ImportResult {
  if (!validator.Check(candidate)) {
    const [first] = schemaProblems(validator.Errors(candidate), candidate);
    return { ok: false, path: first?.path ?? "", problem: first?.problem ?? "expected a household" };
  }
  const { household } = registry;
  const skipped: { path: string; problem: string }[] = [];
  let areas = 0;
  for (const [index, area] of candidate.areas.entries()) {
    const result = household.putArea(area, unit);
    if (result.ok) areas++;
    else skipped.push({ path: `areas[${index}]`, problem: result.problem });
  }
  const settings = importSettings(household, candidate, skipped, unit);
  let links = 0;
  for (const [index, link] of candidate.links.entries()) {
    const problem = importLink(registry, link, unit);
    if (problem === undefined) links++;
    else if (problem !== "") skipped.push({ path: `links[${index}]`, problem });
  }
  return { ok: true, report: { areas, settings, links, skipped } };
}

function importSettings(
  household: Household,
  { settings }: HouseholdFile,
  skipped: { path: string; problem: string }[],
  unit: Unit,
): number {
  let taken = 0;
  for (const [id, each] of Object.entries(settings)) {
    const thing = parseThingId(id);
    const result =
      thing === undefined
        ? ({ ok: false, problem: `the id ${id} is reserved` } as const)
        : household.takeSettings(thing, each, unit);
    if (result.ok) taken++;
    else skipped.push({ path: `settings.${id}`, problem: result.problem });
  }
  return taken;
}

/** @returns why not; an empty text where it is there already. */
function importLink(registry: Registry, { id, of, source, thing }: KeptLink, unit: Unit): string | undefined {
  const name = parseThingId(id);
  const owner = parseThingId(of ?? id);
  if (name === undefined || owner === undefined) return `the id ${of ?? id} is reserved`;
  if (thing.id !== id) return `thing.id: expected ${id}, found ${thing.id}`;
  if (registry.speaker(name) !== undefined) {
    return registry.resolve(name) === owner ? "" : `${name} is a link of ${registry.resolve(name)}`;
  }
  const announced = registry.announce(thing, source as Source, unit);
  if (!announced.ok) return announced.problem;
  if (owner === name) return undefined;
  const joined =
    registry.get(owner) === undefined
      ? registry.household.rename(name, owner, unit)
      : registry.household.join(owner, name, unit);
  return joined.ok ? undefined : joined.problem;
}
