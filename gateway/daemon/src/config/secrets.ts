const SECRET_KEY = /pass|secret|token|credential|private|psk|key$|_key_/i;
const HIDDEN = "(hidden)";
/** Nobody looks deeper into a configuration than this. */
const LEVELS = 8;

/**
 * A copy that may be shown: what stands under a key that tells of a secret is hidden, and so are passwords inside of
 * addresses. It goes by names, not by the schema, because what does not fit the schema is shown most of all.
 */
export function hideSecrets(value: unknown, levels = LEVELS): unknown {
  if (typeof value === "string") return hideInAddress(value);
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return "…";
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, levels - 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      isSecretKey(key) && item !== null ? HIDDEN : hideSecrets(item, levels - 1),
    ]),
  );
}

/** `password_file` names a file: that is no secret. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key) && !/_file$/i.test(key);
}

/** `mqtt://user:password@host`: what is before the `@` is nobody's business. */
function hideInAddress(text: string): string {
  const from = text.indexOf("://");
  const to = text.lastIndexOf("@");
  return from < 0 || to < from ? text : `${text.slice(0, from + 3)}${HIDDEN}${text.slice(to)}`;
}
