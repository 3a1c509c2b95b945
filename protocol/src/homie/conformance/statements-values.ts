import type { Statement } from "./statement.ts";

const HOSTILE = "value: hostile payloads are refused with a sentence";
const REFUSED = "description: refuses, with the exact path,";
const ROUND_TRIP = "value: %s: what is written is read as the same value";
const CANONICAL = "value: what is read and written again is canonical: written once more it is the same";
const READS = "written: a Thing that is described to Homie and read again is the same Thing";

/** "Payloads", "Empty string values" and "Formats". */
export const VALUES: readonly Statement[] = [
  {
    section: "Empty string values",
    side: "both",
    says: "an empty text is one zero byte as a value, at `set` and at `$target`, for texts alone",
    proof: [
      ROUND_TRIP,
      HOSTILE,
      "devices: alerts, log lines, targets and every datatype arrive; a broadcast reaches the device",
    ],
  },
  {
    section: "Empty string values",
    side: "both",
    says: "a text of one zero byte cannot be told",
    note: "It is read as the empty text.",
  },
  {
    section: "Payloads",
    side: "in",
    says: "payloads are UTF-8",
    proof: ["in: that is refused as a whole leaves the one before in use"],
  },
  {
    section: "Payloads",
    side: "in",
    says: "without a byte order mark",
    proof: ["in: that is refused as a whole leaves the one before in use"],
  },
  {
    section: "Payloads",
    side: "in",
    says: "a payload is valid for its property or attribute",
    proof: [HOSTILE, "e2e: what a device sends wrong is shown on its Thing and disturbs nobody"],
  },
  {
    section: "String",
    side: "in",
    says: "at most 268,435,456 characters",
    note: "At most 4,096 characters.",
  },
  { section: "Integer", side: "in", says: "digits and `-` alone, and more than `-`", proof: [HOSTILE] },
  {
    section: "Integer",
    side: "in",
    says: "64 bits with a sign",
    proof: [HOSTILE],
    note: "Values beyond ±(2^53 − 1) are refused: nothing here could hold them exactly. Ranges may go beyond.",
  },
  {
    section: "Integer",
    side: "out",
    says: "is written so",
    proof: ['value: numbers are written as Homie 5.0 "Float" and "Integer" allow, without a plus'],
  },
  {
    section: "Float",
    side: "in",
    says: "digits, `-`, one `.`, `e` or `E`; no NaN, no Infinity, no `-` alone",
    proof: [HOSTILE],
    note: "A `+` in the exponent is read as well: C's `printf` writes one.",
  },
  { section: "Float", side: "in", says: "64 bits", proof: [HOSTILE] },
  {
    section: "Float",
    side: "out",
    says: "is written so",
    proof: ['value: numbers are written as Homie 5.0 "Float" and "Integer" allow, without a plus'],
  },
  {
    section: "Boolean",
    side: "both",
    says: "`true` or `false`, in small letters",
    proof: [ROUND_TRIP, HOSTILE],
  },
  {
    section: "Enum",
    side: "both",
    says: "one of the values of the format; case and spaces count; not empty",
    proof: [ROUND_TRIP, HOSTILE],
  },
  {
    section: "Color",
    side: "both",
    says: "one of the kinds of the format, then floats, separated by commas alone",
    proof: ["value: color that is not offered", HOSTILE],
  },
  {
    section: "Color",
    side: "both",
    says: "rgb: three of 0 to 255; hsv: 0 to 360 and two of 0 to 100; xyz: two of 0 to 1",
    proof: [ROUND_TRIP, HOSTILE],
  },
  {
    section: "DateTime",
    side: "both",
    says: "ISO 8601",
    proof: [ROUND_TRIP, HOSTILE],
    note: "The extended form with date and time; days that a month does not have are refused.",
  },
  {
    section: "Duration",
    side: "both",
    says: "`PTxHxMxS`",
    proof: [ROUND_TRIP, HOSTILE, "value: %j writes %j as %s"],
    note: "Years, months and days are read as well; days are written in hours.",
  },
  {
    section: "JSON",
    side: "both",
    says: "an array or an object, nothing else",
    proof: [ROUND_TRIP, HOSTILE],
    note: "At most 32 levels and 16,384 characters.",
  },
  {
    section: "Payloads",
    side: "both",
    says: "what is read is what was written",
    proof: [ROUND_TRIP, CANONICAL],
  },
  {
    section: "Formats",
    side: "both",
    says: "float and integer: `[min]:[max][:step]`, open where one is missing, in the format of the type",
    proof: [READS, REFUSED, "written: the ranges of integers are integers of 64 bits"],
  },
  { section: "Formats", side: "in", says: "the step is above 0", proof: ["description: a step of 0"] },
  {
    section: "Formats",
    side: "both",
    says: "steps count from the minimum, else the maximum, else the current value",
    proof: ["thing: rounds once and for all, to at most half a step away"],
    note: "Without a bound they count from 0: the result does not depend on what was before.",
  },
  {
    section: "Formats",
    side: "both",
    says: "a value is rounded to the step, and the range checked after that",
    proof: ["thing: a number that the step brings into the range"],
  },
  {
    section: "Formats",
    side: "both",
    says: "enum: required; at least one value, none empty, none twice",
    proof: ["description: a value twice", REFUSED, READS],
  },
  {
    section: "Formats",
    side: "both",
    says: "color: required; a list of rgb, hsv and xyz, the best first",
    proof: [REFUSED, READS],
  },
  {
    section: "Formats",
    side: "both",
    says: "boolean: what `false` and `true` mean, both or none; it changes no payload",
    proof: [REFUSED, READS, "value: %j writes %j as %s"],
  },
  {
    section: "Formats",
    side: "both",
    says: "json: a JSON Schema in a text; without one, any array or object",
    proof: [
      "json: what is read of it is valid, is written as it is read, and does not make the check throw",
      READS,
    ],
  },
  {
    section: "Formats",
    side: "in",
    says: "json: a schema that cannot be read is ignored",
    proof: ["json: no JSON", "json: a large one"],
  },
  {
    section: "JSON considerations",
    side: "in",
    says: "what of a schema, or of a pattern, cannot be read is not checked",
    proof: [
      "json: a reference",
      "json: a pattern",
      "json: too many parts: only the kind of the whole is checked",
      "json: below the deepest level anything goes",
    ],
    note: "References, patterns and combinations are not followed.",
  },
  {
    section: "JSON considerations",
    side: "out",
    says: "schemas fit drafts 4, 7 and 2020-12, without patterns",
    proof: ["json: what is read of it is valid, is written as it is read, and does not make the check throw"],
  },
];
