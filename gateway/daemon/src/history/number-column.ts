import { BrokenBlock, type ByteReader, type ByteWriter, MOST_INTEGER } from "./bytes.ts";

/** As many digits behind the point are tried before numbers are written as they are in memory. */
const MOST_DIGITS = 9;
const FLOATS = 255;

/**
 * Digits behind the point that all numbers are exact with: 21.5 and 3 need one.
 * @returns undefined when there is no such number of digits up to 9, or the numbers are too large for it.
 */
export function digitsOf(values: readonly number[]): number | undefined {
  let digits = 0;
  let factor = 1;
  for (const value of values) {
    for (;;) {
      if (isExact(value, factor)) break;
      if (++digits > MOST_DIGITS || Math.abs(value * factor) > MOST_INTEGER) return undefined;
      factor = 10 ** digits;
    }
  }
  // With more digits an earlier number may have become too large, or be rounded another way.
  if (digits === 0) return 0;
  return values.every((value) => isExact(value, factor)) ? digits : undefined;
}

function isExact(value: number, factor: number): boolean {
  // A 0 with a sign is no whole number.
  const scaled = Math.round(value * factor) + 0;
  return Math.abs(scaled) <= MOST_INTEGER && Object.is(scaled / factor, value);
}

/** Writes numbers as differences from each other: what a sensor measures changes little. Finite numbers, -0 included. */
export function writeNumbers(writer: ByteWriter, values: readonly number[]): void {
  const digits = digitsOf(values);
  writer.byte(digits ?? FLOATS);
  if (digits === undefined) {
    for (const value of values) writer.float(value);
    return;
  }
  const factor = 10 ** digits;
  let previous = 0;
  for (const value of values) {
    const scaled = Math.round(value * factor);
    writer.integer(scaled - previous);
    previous = scaled;
  }
}

export function readNumbers(reader: ByteReader, count: number): number[] {
  const digits = reader.byte();
  const values: number[] = [];
  if (digits === FLOATS) {
    for (let index = 0; index < count; index++) values.push(finite(reader.float()));
    return values;
  }
  if (digits > MOST_DIGITS) throw new BrokenBlock("has numbers of an unknown form");
  const factor = 10 ** digits;
  let scaled = 0;
  for (let index = 0; index < count; index++) {
    scaled += reader.integer();
    values.push(scaled / factor);
  }
  return values;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new BrokenBlock("has a number that is none");
  return value;
}
