import { isJsonObject, type Json } from "@tram/protocol";
import { isScalar, parseDocument } from "yaml";
import { Redactor } from "../support/redactor.ts";
import { HIDDEN, isSecretKey } from "./secrets.ts";

/** A place in a configuration: keys, and places in lists. */
type Place = readonly (string | number)[];

/** A placeholder of a text, and what it stands for. */
export interface Kept {
  readonly place: Place;
  readonly value: Json;
}

export interface Restored {
  readonly document: Json;
  readonly kept: readonly Kept[];
  /** Placeholders that stand for nothing. */
  readonly stray: readonly Place[];
}

const redactor = new Redactor([]);

/** A configuration with a placeholder for each secret. What hangs below the name of a secret is one. */
export function hideSecrets(value: Json, key = ""): Json {
  if (isSecret(key, value)) return HIDDEN;
  if (typeof value !== "object" || value === null) return value;
  if (isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hideSecrets(item, name)]));
  }
  return value.map((item) => hideSecrets(item));
}

/** Puts the secrets of `before` back in the places where `after` has what was shown for them. */
export function restoreSecrets(after: Json, before: Json | undefined): Restored {
  const kept: Kept[] = [];
  const stray: Place[] = [];
  const walk = (value: Json, old: Json | undefined, place: Place): Json => {
    if (value === HIDDEN) {
      if (old !== undefined && isSecret(String(place.at(-1)), old)) {
        kept.push({ place, value: old });
        return old;
      }
      stray.push(place);
    }
    if (typeof value !== "object" || value === null) return value;
    if (isJsonObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [
          name,
          walk(item, memberOf(old, name), [...place, name]),
        ]),
      );
    }
    return value.map((item, index) => walk(item, counterpart(old, item, index), [...place, index]));
  };
  return { document: walk(after, before, []), kept, stray };
}

/**
 * A text of YAML with values in the place of its placeholders; everything around them stays as it is.
 * @returns `undefined` where a placeholder is not found as it stands (it comes in over an alias).
 */
export function fillIn(text: string, kept: readonly Kept[]): string | undefined {
  const yaml = parseDocument(text, { schema: "core", logLevel: "error", uniqueKeys: false });
  const pieces: { from: number; to: number; value: Json }[] = [];
  for (const { place, value } of kept) {
    const node = yaml.getIn(place, true);
    if (!isScalar(node) || node.value !== HIDDEN || !node.range) return undefined;
    pieces.push({ from: node.range[0], to: node.range[1], value });
  }
  // From the end, so that the places before stay where they are. JSON is YAML, in a line and in braces.
  return pieces
    .sort((one, other) => other.from - one.from)
    .reduce((all, { from, to, value }) => all.slice(0, from) + JSON.stringify(value) + all.slice(to), text);
}

/** The entry of a list that another one stands for: the one of its name, or of its place where it has none. */
export function counterpart(list: Json | undefined, item: Json, index: number): Json | undefined {
  if (!Array.isArray(list)) return undefined;
  const name = nameOf(item);
  return name === undefined ? list[index] : list.find((each: Json) => nameOf(each) === name);
}

/** What tells the entries of a list apart. */
export function nameOf(entry: Json | undefined): Json | undefined {
  return memberOf(entry, "id") ?? memberOf(entry, "username");
}

export function memberOf(value: Json | undefined, name: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Also an address with more than its host: the rest of it is often all that a service asks for. */
function isSecret(key: string, value: Json): boolean {
  if (value === null || value === "") return false;
  if (isSecretKey(key)) return true;
  if (typeof value === "object") return /headers?$/i.test(key);
  // Of a SIM; other pins have smaller numbers.
  if (/(?:^|_)(?:pin|puk)$/i.test(key) && /^\d{4,}$/.test(String(value))) return true;
  return typeof value === "string" && redactor.value(value, "url") !== value;
}
