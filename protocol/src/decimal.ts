/** Longest text that is a number: what a `double` holds has at most 17 digits that count. In characters. */
const LONGEST = 64;
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
const WHOLE = /^[+-]?\d+$/;

/**
 * Reads a decimal number from a text of a device, as C and Python write them; white space around it does not count.
 * @returns undefined for all else: `0x1f`, `Infinity`, `1,5`, and whole numbers that would lose digits.
 */
export function readDecimal(text: string): number | undefined {
  const written = text.trim();
  // First of all: a payload has as many digits as somebody likes.
  if (written.length > LONGEST || !DECIMAL.test(written)) return undefined;
  const number = Number(written);
  return Number.isFinite(number) && !losesDigits(written) ? number : undefined;
}

/** Whether a text is a whole number beyond 2^53 - 1: its last digits would silently become others. */
export function losesDigits(text: unknown): boolean {
  if (typeof text !== "string") return false;
  const written = text.trim();
  return written.length <= LONGEST && WHOLE.test(written) && !Number.isSafeInteger(Number(written));
}
