import {
  checkValue,
  type Json,
  type MappedProperty,
  type PropertyAffordance,
  slugThingId,
} from "@tram/protocol";
import { meaning, wordsOf } from "./mapped-value.ts";
import { kindOfTexts, pairOf } from "./seen-values.ts";
import { standardProperty } from "./standard-properties.ts";
import { understood } from "./topic-words.ts";

export interface ProposedProperty {
  readonly key: string;
  readonly property: MappedProperty;
  /** Where it is commanded, if it is something that one commands. */
  readonly command: string | undefined;
}

/** Guesses what a name and the values that were seen are. @returns undefined where they are nothing that can be read. */
export function proposedProperty(
  told: { readonly name: string; readonly path?: string; readonly samples: readonly string[] },
  options: {
    readonly topic: string;
    readonly taken: Readonly<Record<string, unknown>>;
    readonly command: string | undefined;
  },
): ProposedProperty | undefined {
  const { samples } = told;
  const read = { topic: options.topic, ...(told.path === undefined ? {} : { path: told.path }) };
  const named = understood(told.name);
  const pair = pairOf(samples);
  const words = pair && { [pair[0]]: true, [pair[1]]: false };
  for (const key of named.keys) {
    const affordance = standardProperty(key)?.affordance;
    if (affordance === undefined || !allFit(samples, affordance, words)) continue;
    const needsWords = words !== undefined && (options.command !== undefined || !plain(samples));
    return {
      key: freeKey(key, named.number, options.taken),
      property: {
        ...(numbered(key, named.number, options.taken) ? shown(affordance) : {}),
        ...(affordance.type === "boolean" && needsWords ? { words } : {}),
        read,
      },
      command: affordance.readOnly === true ? undefined : options.command,
    };
  }
  const kind = kindOfTexts(samples);
  if (kind === "other" || kind === "object") return undefined;
  const type = kind === "text" ? "string" : kind;
  const key = freeKey(`${slugThingId(told.name)}/value`, "", options.taken);
  return {
    key,
    property: { title: told.name.slice(0, 256), type, ...(kind === "boolean" && words && { words }), read },
    command: options.command,
  };
}

/** A second one of its kind is no property of a model: it says itself what it is. */
function shown({ maximum, minimum, title, type, unit }: PropertyAffordance): MappedProperty {
  return {
    type,
    ...(title === undefined ? {} : { title }),
    ...(unit === undefined ? {} : { unit }),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  };
}

function numbered(key: string, number: string, taken: Readonly<Record<string, unknown>>): boolean {
  return freeKey(key, number, taken) !== key;
}

/** `temp2` is `air-2/temperature`. */
function freeKey(key: string, number: string, taken: Readonly<Record<string, unknown>>): string {
  const [node = "", name = ""] = key.split("/");
  let candidate = number === "" ? key : `${node}-${number}/${name}`;
  for (let count = 2; Object.hasOwn(taken, candidate); count++)
    candidate = `${node.slice(0, 58)}-${count}/${name}`;
  return candidate;
}

function allFit(
  samples: readonly string[],
  affordance: PropertyAffordance,
  words: Readonly<Record<string, boolean>> | undefined,
): boolean {
  const own = affordance.type === "boolean" ? wordsOf(words) : undefined;
  return samples.every((sample) => {
    const meant = meaning(sample as Json, { affordance, scale: 1, offset: 0, ...(own && { words: own }) });
    return meant.ok && meant.value !== undefined && checkValue(affordance, meant.value).ok;
  });
}

/** Words that are understood without being told. */
function plain(samples: readonly string[]): boolean {
  return samples.every((sample) => /^(?:true|false|on|off|yes|no|1|0)$/i.test(sample.trim()));
}
