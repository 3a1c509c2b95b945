import type { Json } from "@tram/protocol";
import { isSecretKey } from "../config/secrets.ts";

export const HIDDEN = "(hidden)";

/** Where something or somebody is, by the name of a key or the last part of a property's. */
const PLACE_KEY = /^(?:lat|lon|lng|latitude|longitude|altitude|location|position|gps|geo|coordinates)$/i;
/** Values of HTTP headers are secrets as often as not. */
const HEADERS_KEY = /headers?$/i;
/** Who knows the id of a webhook may fire its rule. */
const WEBHOOK_KEY = /^webhook$/i;
/** Keys of services stand in the paths of their addresses as often as in what comes behind. */
const ADDRESS_KEY = /^(?:http|url)$/i;
/** A shorter secret would hide half of every text; it is hidden where its key names it. In characters. */
const LEAST_SECRET = 4;
/** Deeper than anything that we describe. */
const DEEPEST = 40;

/** Patterns that look ahead get no more than this at once: a hostile line must not hold up the house. In characters. */
const LONGEST_PIECE = 4_000;

const PEM = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g;

const NAME =
  /[\w.-]{0,40}(?:pass(?:word|wd|phrase)|(?<![a-z])pass(?![a-z])|secret|token|api[_-]?key|authorization|credential|cookie|psk|private[_-]?key)[\w.-]{0,40}/;
/** In quotes; in quotes inside of JSON, which have backslashes; or up to where a value ends. */
const VALUE = /"(?:[^"\\]|\\.)*"|\\"(?:(?!\\").)*\\"|'[^']*'|[^\s"',;&}\])\\]+/;

/** What looks like a secret, whatever it is one of. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // Of a URL the user may be a token, too.
  [/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@"'<>]+@/gi, `$1${HIDDEN}@`],
  // `?key=x&b=y`
  [/([?&][\w.~%-]{1,80}=)[^\s&"'<>#]+/g, `$1${HIDDEN}`],
  [/\b(Bearer|Basic|Digest)\s+[A-Za-z0-9+/=._~-]{4,}/gi, `$1 ${HIDDEN}`],
  // `password=x`, `"token":"x"`, `Api-Key: x`
  [
    new RegExp(`(${NAME.source}\\\\?["']?\\s*[:=]\\s*)(?!\\(hidden\\))(?:${VALUE.source})`, "gi"),
    `$1${HIDDEN}`,
  ],
  [/\b(lat|lon|latitude|longitude)(\\?["']?\s*[:=]\s*)-?\d+(?:\.\d+)?/gi, `$1$2${HIDDEN}`],
  // Claim codes and set-up codes (mqtt/identity/secret.ts, people/people.ts).
  [/\b[2-9A-HJKMNP-Z]{3}-[2-9A-HJKMNP-Z]{3}-[2-9A-HJKMNP-Z]{3}\b/g, HIDDEN],
  [/\b[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}\b/g, HIDDEN],
  // Secrets of devices: 32 letters of an alphabet of 32.
  [/\b[2-9a-km-np-z]{32}\b/g, HIDDEN],
];

/** Tokens, keys in base64: long, and of letters of every kind. Ids of Things are lower case, digests hexadecimal. */
const RANDOM = /[A-Za-z0-9+/_-]{24,}={0,2}/g;

/**
 * Takes secrets out of what leaves the house: those that are known by their value, in every coding that they could be
 * written in; what stands under a key that names a secret; and what looks like one.
 */
export class Redactor {
  readonly #known: RegExp | undefined;

  /** @param secrets as they are; the order is of no matter. */
  constructor(secrets: Iterable<string>) {
    const forms = new Set([...secrets].filter(({ length }) => length >= LEAST_SECRET).flatMap(codings));
    // The longest first: one secret may be the beginning of another.
    const sorted = [...forms]
      .sort((one, other) => other.length - one.length)
      .map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
    this.#known = sorted.length === 0 ? undefined : new RegExp(sorted.join("|"), "gi");
  }

  text(text: string): string {
    const known = this.#known === undefined ? text : text.replace(this.#known, HIDDEN);
    return known.replace(PEM, HIDDEN).split("\n").map(redactLine).join("\n");
  }

  /** A value as it would be written as JSON, without secrets and without where something is. */
  value(value: unknown, key = "", depth = 0): Json {
    const name = key.slice(key.lastIndexOf("/") + 1);
    if (value === null || value === undefined || typeof value === "boolean") return value ?? null;
    if (isSecretKey(name) || PLACE_KEY.test(name) || WEBHOOK_KEY.test(name)) return HIDDEN;
    if (typeof value === "string" && ADDRESS_KEY.test(name)) return this.text(withoutPath(value));
    if (typeof value === "number") return value;
    if (typeof value !== "object") return this.text(String(value));
    if (depth > DEEPEST) return "...";
    if (Array.isArray(value)) return value.map((item) => this.value(item, key, depth + 1));
    const hidden = HEADERS_KEY.test(name);
    return Object.fromEntries(
      Object.entries(value).map(([inner, item]) => [
        this.text(inner),
        hidden ? HIDDEN : this.value(item, inner, depth + 1),
      ]),
    );
  }
}

/** An address as far as it says which machine is meant. */
function withoutPath(address: string): string {
  const origin = /^[a-z][a-z0-9+.-]{0,20}:\/\/[^/?#]*/i.exec(address)?.[0];
  if (origin === undefined) return address;
  return address.length > origin.length + 1 ? `${origin}/${HIDDEN}` : address;
}

function redactLine(line: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < line.length; at += LONGEST_PIECE) {
    let piece = line.slice(at, at + LONGEST_PIECE);
    for (const [pattern, instead] of PATTERNS) piece = piece.replace(pattern, instead);
    pieces.push(piece.replace(RANDOM, (word) => (looksRandom(word) ? HIDDEN : word)));
  }
  return pieces.join("");
}

/** How a secret may be written: in base64 at each of the three places that it can have in a longer text. */
function codings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].flatMap((shift) => {
    const coded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // What depends on the neighbours is cut off.
    const whole = coded.slice(
      shift === 0 ? 0 : shift + 1,
      coded.length - ((bytes.length + shift) % 3 === 0 ? 0 : 1),
    );
    return whole.length < 6 ? [] : [whole, whole.replaceAll("+", "-").replaceAll("/", "_")];
  });
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    escaped,
    JSON.stringify(escaped).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString("hex"),
    ...base64,
  ].filter(({ length }) => length >= LEAST_SECRET);
}

function looksRandom(word: string): boolean {
  return /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word) && !word.includes("//") && !isPath(word);
}

/** A path has a slash here and there; base64 has one in 64 letters. */
function isPath(word: string): boolean {
  return word.split("/").length > 1 + word.length / 12;
}
