import type { Trace } from "@tram/rules";

/** What a rule's diary takes before its first line, in bytes. */
export const DIARY_BYTES = 600;
const LINE_BYTES = 200;
const CHECK_BYTES = 80;

/**
 * What a line takes of the memory, in bytes: somewhat more than was measured with V8 on 64 bits, so that the bound is
 * one. Texts count twice: they may be in letters that take two bytes.
 */
export function costOf({
  checks,
  detail = "",
  effect = "",
  result,
  runId = "",
  seen,
  trigger,
}: Trace): number {
  let bytes =
    LINE_BYTES + 2 * (detail.length + effect.length + runId.length + trigger.length) + valueBytes(seen);
  if (result !== undefined) bytes += CHECK_BYTES + 2 * (result.state.length + (result.detail?.length ?? 0));
  for (const check of checks) bytes += CHECK_BYTES + 2 * check.what.length + valueBytes(check.seen);
  return bytes;
}

function valueBytes(value: unknown): number {
  if (typeof value === "string") return 16 + 2 * value.length;
  return typeof value === "object" && value !== null ? 4 * JSON.stringify(value).length : 16;
}
