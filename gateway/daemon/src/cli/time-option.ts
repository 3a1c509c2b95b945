import { type EpochMs, parseDuration } from "@tram/protocol";
import { UsageError } from "./usage-error.ts";

/**
 * Reads an option that is a time: ISO 8601, or so long ago (`2h`).
 * @throws {UsageError} that names the option.
 */
export function timeOf(option: string, text: string | boolean): EpochMs;
export function timeOf(option: string, text: string | boolean | undefined): EpochMs | undefined;
export function timeOf(option: string, text: string | boolean | undefined): EpochMs | undefined {
  if (text === undefined) return undefined;
  const agoMs = parseDuration(String(text));
  if (agoMs !== undefined) return Date.now() - agoMs;
  const time = Date.parse(String(text));
  if (!Number.isNaN(time)) return time;
  throw new UsageError(
    `${option}: expected 2026-01-05T12:00:00Z or a duration such as 2h, found ${String(text)}`,
  );
}
