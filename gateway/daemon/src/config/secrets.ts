import { type SchemaError, type SchemaProblem, schemaProblems, show, UNKNOWN_KEY } from "@tram/protocol";

const SECRET_KEY = /password|passphrase|pass|secret|token|credential|private|psk|key/i;
/** What is shown in the place of a secret. */
export const HIDDEN = "(hidden)";

/** What a validator found in settings, in sentences without secrets. */
export function settingProblems(errors: Iterable<SchemaError>, settings: unknown): readonly SchemaProblem[] {
  return schemaProblems(errors, settings, showSetting).map(({ path, problem }) => ({
    path: problem === UNKNOWN_KEY ? shownKey(path) : path,
    problem,
  }));
}

/**
 * Shows a value of a configuration in a message, for as much as is sure to hold no secret. It goes by names, not by the
 * schema, because what does not fit the schema is shown most of all; and where something small is missing (a quote, a
 * dash) the rest of the file may stand in one value, so that of objects and lists nothing is shown.
 * @param path `mqtt.clients[0].password`
 */
export function showSetting(value: unknown, path: string): string {
  if (isSecretKey(path.replace(/(?:\[\d+\])+$/, ""))) return "something else";
  if (typeof value === "string") return show(shownText(value));
  if (typeof value !== "object" || value === null) return show(value);
  return Array.isArray(value) ? `a list of ${value.length}` : "an object";
}

/** True for the name, or a path that ends with the name, of what is nobody's business. `password_file` names a file. */
export function isSecretKey(key: string): boolean {
  const name = key.slice(key.lastIndexOf(".") + 1);
  return SECRET_KEY.test(name) && !/_file$/i.test(name);
}

/**
 * A key that is not known, as it may be shown: where a space or a colon was forgotten, the secret is glued to it
 * (`passwordhunter2`).
 */
export function shownKey(key: string): string {
  const found = SECRET_KEY.exec(key);
  if (found === null) return key;
  const end = found.index + found[0].length;
  return end === key.length ? key : `${key.slice(0, end)}…`;
}

/**
 * A text that should not be a secret, as it may be shown: without passwords inside of addresses
 * (`mqtt://user:password@host`), and without what comes after a tab, a line or a word that tells of a secret.
 */
function shownText(text: string): string {
  const from = text.indexOf("://");
  const to = text.lastIndexOf("@");
  const safe = from < 0 || to < from ? text : `${text.slice(0, from + 3)}${HIDDEN}${text.slice(to)}`;
  const end = safe.search(/\p{Cc}/u);
  return shownKey(end < 0 ? safe : `${safe.slice(0, end)}…`);
}
