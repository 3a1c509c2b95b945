import { COLOR_FORMATS } from "../color.ts";
import { show } from "../schema-problem.ts";
import { type DataSchema, ENUM_LIMITS } from "../thing.ts";
import { readJsonFormat, writeJsonFormat } from "./json-format.ts";
import { Refusal } from "./refusal.ts";
import { HOMIE_FLOAT, HOMIE_INTEGER, homieDatatype, homieNumber } from "./value.ts";

/** Longest label of a boolean's value that is shown; longer ones are cut. */
const LABEL_CHARACTERS = 64;
/** Homie 5.0 "Integer": 64 bits with a sign. */
const INTEGER_LIMIT = 2 ** 63;

/**
 * Homie 5.0 "Formats", inward: what `datatype` and `format` of a property say of its values.
 * @param path of the property, for the refusal.
 * @throws {Refusal} where the convention does not allow the pair.
 */
export function readFormat(
  datatype: string | undefined,
  format: string | undefined,
  path: string,
): DataSchema {
  const at = `${path}.format`;
  const none = format === undefined || format === "";
  switch (datatype) {
    case "integer":
      return { type: "integer", ...(none ? {} : readRange(format, HOMIE_INTEGER, at)) };
    case "float":
      return { type: "number", ...(none ? {} : readRange(format, HOMIE_FLOAT, at)) };
    case "boolean":
      return { type: "boolean", ...(none ? {} : readLabels(format, at)) };
    case "string":
      return { type: "string" };
    case "enum":
      return { type: "string", enum: readEnum(format, at) };
    case "color":
      return { type: "string", format: "color", ...readColors(format, at) };
    case "datetime":
      return { type: "string", format: "date-time" };
    case "duration":
      return { type: "string", format: "duration" };
    case "json":
      return readJsonFormat(format);
    default:
      throw new Refusal(
        `${path}.datatype`,
        `expected integer, float, boolean, string, enum, color, datetime, duration or json, found ${show(datatype)}`,
      );
  }
}

/** Homie 5.0 "Formats", outward; `undefined` where there is nothing to say. */
export function writeFormat(schema: DataSchema): string | undefined {
  switch (homieDatatype(schema)) {
    case "boolean":
      return schema.labels === undefined || schema.labels.some((label) => label.includes(","))
        ? undefined
        : schema.labels.join(",");
    case "enum":
      return schema.enum?.join(",");
    case "color":
      return (schema.colorFormats ?? COLOR_FORMATS).join(",");
    case "json":
      return writeJsonFormat(schema);
    case "integer":
      return integerRange(schema);
    case "float":
      return range([schema.minimum, schema.maximum, schema.multipleOf], homieNumber);
    default:
      return undefined;
  }
}

/** `[min]:[max][:step]` */
function readRange(
  format: string,
  number: RegExp,
  path: string,
): Pick<DataSchema, "minimum" | "maximum" | "multipleOf"> {
  const parts = format.split(":", 4);
  const [minimum, maximum, step] = parts.map((part) =>
    part === "" ? undefined : number.test(part) ? Number(part) : Number.NaN,
  );
  const numbers = [minimum, maximum, step].filter((part) => part !== undefined);
  if (parts.length < 2 || parts.length > 3 || numbers.some((part) => !Number.isFinite(part))) {
    throw new Refusal(path, `expected [min]:[max][:step], found ${show(format)}`);
  }
  if (step !== undefined && step <= 0) throw new Refusal(path, `expected a step above 0, found ${step}`);
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
    throw new Refusal(path, `expected min ≤ max, found ${show(format)}`);
  }
  return {
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(step === undefined ? {} : { multipleOf: step }),
  };
}

/** Two names, that of `false` first. Names that say what the values say are none. */
function readLabels(format: string, path: string): Pick<DataSchema, "labels"> {
  const labels = format.split(",", 3);
  if (labels.length !== 2 || labels.includes("")) {
    throw new Refusal(path, `expected a name of false and one of true, found ${show(format)}`);
  }
  return format === "false,true" ? {} : { labels: labels.map((label) => label.slice(0, LABEL_CHARACTERS)) };
}

function readEnum(format: string | undefined, path: string): string[] {
  const values = format?.split(",", ENUM_LIMITS.values + 1) ?? [];
  const fits = (value: string): boolean => value !== "" && value.length <= ENUM_LIMITS.characters;
  if (values.length === 0 || values.length > ENUM_LIMITS.values || !values.every(fits)) {
    throw new Refusal(
      path,
      `expected 1 to ${ENUM_LIMITS.values} values of 1 to ${ENUM_LIMITS.characters} characters, separated by commas, found ${show(format)}`,
    );
  }
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw new Refusal(path, `expected no value twice, found ${show(twice)} again`);
  return values;
}

function readColors(format: string | undefined, path: string): Pick<DataSchema, "colorFormats"> {
  const names = format?.split(",", 4) ?? [];
  const colorFormats = names.flatMap((name) => COLOR_FORMATS.find((each) => each === name) ?? []);
  const twice = new Set(names).size !== names.length;
  if (names.length === 0 || colorFormats.length !== names.length || twice) {
    throw new Refusal(path, `expected a list of rgb, hsv and xyz, found ${show(format)}`);
  }
  // All of them in our own order says nothing.
  return colorFormats.join() === COLOR_FORMATS.join() ? {} : { colorFormats };
}

function range(
  [minimum, maximum, step]: readonly (number | undefined)[],
  write: (value: number) => string,
): string | undefined {
  if (minimum === undefined && maximum === undefined && step === undefined) return undefined;
  const text = (value: number | undefined): string => (value === undefined ? "" : write(value));
  const bounds = `${text(minimum)}:${text(maximum)}`;
  return step === undefined ? bounds : `${bounds}:${text(step)}`;
}

/** All three are integers of 64 bits: a bound moves to the next one inside, and one that is out of reach is left open. */
function integerRange({ minimum, maximum, multipleOf }: DataSchema): string | undefined {
  const whole = (value: number | undefined): number | undefined =>
    value !== undefined && value >= -INTEGER_LIMIT && value < INTEGER_LIMIT ? value : undefined;
  const from = minimum === undefined ? undefined : whole(Math.ceil(minimum));
  const to = maximum === undefined ? undefined : whole(Math.floor(maximum));
  // The step counts from a bound: where that has moved, or the step is no integer, it would say something else.
  const sameBase = minimum === undefined ? to === maximum : from === minimum;
  const step = sameBase && Number.isInteger(multipleOf) ? whole(multipleOf) : undefined;
  return range([from, to, step], (value) => String(BigInt(value)));
}
