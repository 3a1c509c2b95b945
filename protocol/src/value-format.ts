/**
 * The string formats that Tram knows, as Homie 5.0 "Payload" writes them; the same text is the value of the property.
 * Any other JSON Schema `format` is free text.
 */
interface ValueFormat {
  readonly pattern: RegExp;
  /** What is expected, for people. */
  readonly expected: string;
}

const BYTE = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
const HUE = "(?:360|3[0-5]\\d|[12]?\\d?\\d)";
const PERCENT = "(?:100|\\d?\\d)";
const FRACTION = "(?:0(?:\\.\\d+)?|1(?:\\.0+)?)";
const AMOUNT = "\\d+(?:\\.\\d+)?";

const FORMATS: ReadonlyMap<string, ValueFormat> = new Map([
  [
    "color",
    {
      pattern: new RegExp(
        `^(?:rgb,${BYTE},${BYTE},${BYTE}|hsv,${HUE},${PERCENT},${PERCENT}|xyz,${FRACTION},${FRACTION})$`,
      ),
      expected: "a colour such as rgb,255,100,0",
    },
  ],
  [
    "date-time",
    {
      pattern:
        /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?$/,
      expected: "an ISO 8601 date and time",
    },
  ],
  [
    "duration",
    {
      pattern: new RegExp(
        `^P(?!$)(?:${AMOUNT}Y)?(?:${AMOUNT}M)?(?:${AMOUNT}D)?(?:T(?=\\d)(?:${AMOUNT}H)?(?:${AMOUNT}M)?(?:${AMOUNT}S)?)?$`,
      ),
      expected: "an ISO 8601 duration such as PT12H5M46S",
    },
  ],
]);

/**
 * Checks a text against a format.
 * @returns what was expected, when the text does not fit; `undefined` when it fits, or the format is not known.
 */
export function missesFormat(format: string, text: string): string | undefined {
  const known = FORMATS.get(format);
  return known === undefined || known.pattern.test(text) ? undefined : known.expected;
}
