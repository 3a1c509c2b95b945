declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Id of a Thing, which is its Homie device id: `a-z`, `0-9` and `-`, not at the edges, at most 64 characters. */
export type ThingId = Branded<"ThingId">;
/** `node/name`: Homie's two levels. */
export type PropertyKey = Branded<"PropertyKey">;
/** Id of a configured module instance. */
export type ModuleId = Branded<"ModuleId">;
export type RuleId = Branded<"RuleId">;
export type CommandId = Branded<"CommandId">;

/** Homie 5.0 §"Topic IDs" allows `a-z 0-9 -`; the length bound and the edges are ours. */
export const ID_PATTERN = "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$";
const ID = new RegExp(ID_PATTERN);
/** Reserved for the account that pairs new devices. */
const RESERVED = new Set(["pair"]);

export function isId(text: string): boolean {
  return ID.test(text);
}

export function parseThingId(text: string): ThingId | undefined {
  return ID.test(text) && !RESERVED.has(text) ? (text as ThingId) : undefined;
}

export function parseModuleId(text: string): ModuleId | undefined {
  return ID.test(text) ? (text as ModuleId) : undefined;
}

export function parseRuleId(text: string): RuleId | undefined {
  return ID.test(text) ? (text as RuleId) : undefined;
}

/** Reads `node/name`. */
export function parsePropertyKey(text: string): PropertyKey | undefined {
  const parts = text.split("/");
  return parts.length === 2 && parts.every((part) => ID.test(part)) ? (text as PropertyKey) : undefined;
}

/** FNV-1a, 32 bit: spreads ids, protects nothing. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0).toString(36).padStart(7, "0");
}

/**
 * Makes a Thing id out of a foreign one (`Living Room/Fan 2` → `living-room-fan-2`).
 * @param foreign the id in its own system, any characters.
 * @param taken tells whether an id already belongs to another Thing; then a hash of `foreign` is appended.
 */
export function slugThingId(foreign: string, taken: (id: ThingId) => boolean = () => false): ThingId {
  const slug = foreign
    // Marks that combine are sorted: as many of them as somebody likes would take as many steps, squared.
    .slice(0, 256)
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    // Escaped: a single letter beyond Latin-1 makes V8 keep the whole bundle in two bytes a character.
    .replace(/[\u0111\u0110]/g, "d")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 56)
    .replace(/-+$/, "");
  const plain = parseThingId(slug);
  if (plain !== undefined && !taken(plain)) return plain;
  for (let salt = ""; ; salt += "'") {
    const hashed = `${slug === "" ? "thing" : slug}-${shortHash(foreign + salt)}` as ThingId;
    if (!taken(hashed)) return hashed;
  }
}
