/** What a template does that it may not: the message is for people. */
export class TemplateError extends Error {}

/** How much one rendering may do. */
export const TEMPLATE_LIMITS = {
  /** Of the source, in characters. */
  source: 8_192,
  /** Nested expressions and statements, and lists in lists of a value that is written. */
  depth: 64,
  /** Evaluated parts of the template, each turn of a loop counted, and as much work within them. */
  steps: 10_000,
  /** Of any text that comes about, in characters. */
  text: 65_536,
  /** Of a payload, in characters: what Zigbee2MQTT says of itself is more than a text may have. */
  payload: 262_144,
} as const;

/** What a step is worth: about as many characters can be looked at in the time that it takes. */
export const STEP = 64;
/** What an item of a list is worth. */
export const ITEM = 8;

const WHOLE = TEMPLATE_LIMITS.steps * STEP;

/** What is left for the rendering that runs: it waits for nothing, and none runs within another. In characters. */
let left = 0;
let begun = WHOLE;

/** A rendering begins. @param share of what one may do: less where others have read the same message. */
export function beginWork(share: number): void {
  begun = share * WHOLE;
  left = begun;
}

/** @returns the share of what one may do that was done. */
export function endWork(): number {
  return (begun - left) / WHOLE;
}

/**
 * Counts work of a rendering by the size of what is looked at or made.
 * @param characters see `STEP` and `ITEM`.
 * @throws {TemplateError} when it has done enough.
 */
export function work(characters: number): void {
  left -= characters;
  if (left >= 0) return;
  throw new TemplateError(
    begun < WHOLE ? "too many templates read the message" : `more than ${TEMPLATE_LIMITS.steps} steps`,
  );
}
