import { type Static, Type } from "typebox";
import { ID_PATTERN } from "./ids.ts";
import { ManualHold, SafeState } from "./safe-state.ts";
import { checkValue, PROPERTY_KEY_PATTERN, type PropertyAffordance, type Thing } from "./thing.ts";

const Closed = { additionalProperties: false } as const;

/** What the owner says of one property, over what the device says of it. */
export const PropertySettings = Type.Object(
  {
    title: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    safe: Type.Optional(SafeState),
    hold: Type.Optional(ManualHold),
    reportMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 7 * 86_400_000 })),
  },
  Closed,
);
export type PropertySettings = Static<typeof PropertySettings>;

/** What the owner of the house says of a Thing. It holds for the Thing, also when another device takes its place. */
export const ThingSettings = Type.Object(
  {
    title: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: "Instead of the device's own." }),
    ),
    area: Type.Optional(Type.String({ pattern: ID_PATTERN, description: "Id of an area of the house." })),
    tags: Type.Optional(
      Type.Array(Type.String({ pattern: ID_PATTERN }), { maxItems: 32, uniqueItems: true }),
    ),
    icon: Type.Optional(Type.String({ pattern: "^[a-z0-9:-]{1,64}$" })),
    notes: Type.Optional(Type.String({ maxLength: 4_096 })),
    properties: Type.Optional(
      Type.Record(Type.String({ pattern: PROPERTY_KEY_PATTERN }), PropertySettings, {
        ...Closed,
        maxProperties: 512,
      }),
    ),
  },
  Closed,
);
export type ThingSettings = Static<typeof ThingSettings>;

/** A part of the house: a room, a field, a floor. */
export const Area = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN }),
    title: Type.String({ minLength: 1, maxLength: 256 }),
  },
  Closed,
);
export type Area = Static<typeof Area>;

export const MAX_AREAS = 256;

export interface SettingsProblem {
  readonly path: string;
  readonly problem: string;
}

/** Finds what of the settings cannot hold for a Thing as it is described. */
export function settingsProblems(thing: Thing, settings: ThingSettings): readonly SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  for (const [key, { safe, hold }] of Object.entries(settings.properties ?? {})) {
    const path = `properties.${key}`;
    const affordance = Object.hasOwn(thing.properties, key) ? thing.properties[key] : undefined;
    if (affordance === undefined) {
      problems.push({ path, problem: `${thing.id} has no property ${key}` });
      continue;
    }
    if ((safe !== undefined || hold !== undefined) && affordance.readOnly === true) {
      problems.push({ path, problem: "expected a property that can be written, found a read-only one" });
    }
    const unsafe = safe === undefined ? undefined : safeProblem(affordance, safe);
    if (unsafe !== undefined) problems.push({ path: `${path}.safe.value`, problem: unsafe });
  }
  return problems;
}

/** @returns why the safe value is none that the property can take. */
export function safeProblem(affordance: PropertyAffordance, safe: SafeState): string | undefined {
  const checked = checkValue(affordance, safe.value);
  return checked.ok ? undefined : checked.problem;
}

/** Lays the owner's settings over what a device says of itself. What does not fit it is left out. */
export function applySettings(thing: Thing, settings: ThingSettings | undefined): Thing {
  if (settings === undefined) return thing;
  const properties = { ...thing.properties };
  for (const [key, { title, safe, hold, reportMs }] of Object.entries(settings.properties ?? {})) {
    const affordance = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (affordance === undefined) continue;
    const fits =
      safe !== undefined && affordance.readOnly !== true && safeProblem(affordance, safe) === undefined;
    const { titles, ...rest } = affordance;
    properties[key] = {
      ...rest,
      ...(title === undefined ? titles !== undefined && { titles } : { title }),
      ...(fits && { safe }),
      ...(hold !== undefined && affordance.readOnly !== true && { hold }),
      ...(reportMs !== undefined && { reportMs }),
    };
  }
  if (settings.title === undefined) return { ...thing, properties };
  // The owner's name is the name in every language.
  const { titles: _titles, ...rest } = thing;
  return { ...rest, title: settings.title, properties };
}
