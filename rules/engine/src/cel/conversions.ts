import { int, timestamp } from "./arithmetic.ts";
import { Failure, named, type Outcome } from "./evaluation.ts";
import { type CelFunction, define } from "./function-table.ts";
import {
  parseDuration,
  parseTimestamp,
  TIME_PARTS,
  timePart,
  writeDuration,
  writeTimestamp,
} from "./time.ts";
import { CelDuration, CelTimestamp, type CelType, CelTypeName, type CelValue, typeOf } from "./value.ts";

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const TRUE = /^(?:1|t|T|true|TRUE|True)$/;
const FALSE = /^(?:0|f|F|false|FALSE|False)$/;

/** langdef §"Functions", type conversions, and the parts of times. */
export const CONVERSIONS: Readonly<Record<string, CelFunction>> = {
  int: conversion("int", (value) => {
    if (typeof value === "bigint") return value;
    if (typeof value === "number") return fromDouble(value);
    if (value instanceof CelTimestamp) return BigInt(Math.floor(value.epochMs / 1_000));
    if (typeof value !== "string") return undefined;
    if (!/^[+-]?\d{1,19}$/.test(value)) return new Failure(`${shown(value)} is no whole number`);
    return int(BigInt(value.replace("+", "")));
  }),
  double: conversion("double", (value) => {
    if (typeof value === "number" || typeof value === "bigint") return Number(value);
    if (typeof value !== "string") return undefined;
    return value.length <= 400 && NUMBER.test(value)
      ? Number(value)
      : new Failure(`${shown(value)} is no number`);
  }),
  bool: conversion("bool", (value) => {
    if (typeof value === "boolean") return value;
    if (typeof value !== "string") return undefined;
    if (TRUE.test(value)) return true;
    return FALSE.test(value) ? false : new Failure(`${shown(value)} is neither true nor false`);
  }),
  string: conversion("string", (value) => {
    if (value instanceof CelTimestamp) return writeTimestamp(value);
    if (value instanceof CelDuration) return writeDuration(value);
    return typeof value === "object" ? undefined : String(value);
  }),
  timestamp: conversion("timestamp", (value) => {
    if (value instanceof CelTimestamp) return value;
    if (typeof value === "number" || typeof value === "bigint") return timestamp(Number(value) * 1_000);
    return typeof value === "string" ? parseTimestamp(value) : undefined;
  }),
  duration: conversion("duration", (value) => {
    if (value instanceof CelDuration) return value;
    return typeof value === "string" ? parseDuration(value) : undefined;
  }),
  dyn: define("function", ["any"], "dyn", (_, value) => value),
  type: define("function", ["any"], "type", (_, value) => new CelTypeName(typeOf(value))),
  ...Object.fromEntries(
    Object.keys(TIME_PARTS).map((name) => [
      name,
      define("method", ["time"], "int", (_, of, zone) => timePart(name, of, zone), ["string"]),
    ]),
  ),
};

function conversion(to: CelType, convert: (value: CelValue) => Outcome | undefined): CelFunction {
  return define("function", ["any"], to, (_, value) => {
    const result = convert(value);
    return result === undefined ? new Failure(`${named(value)} does not become ${to}`) : result;
  });
}

/** langdef §"Overflow": the range is open at both ends, because doubles at the ends are rounded. */
function fromDouble(value: number): bigint | Failure {
  if (!(Math.abs(value) < 2 ** 63)) return new Failure(`${value} does not fit into 64 bits`);
  return BigInt(Math.trunc(value));
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
