import { isJsonObject, type Json, jsonEqual } from "@tram/protocol";
import { memberOf, nameOf } from "./placeholders.ts";
import { shownKey } from "./secrets.ts";

/**
 * Where two configurations differ, without saying how: `log.level`, `cloud[0].rate_s`. A list with other entries, or with
 * the same in another order, is one difference.
 */
export function changedPaths(
  before: Json | undefined,
  after: Json | undefined,
  path = "",
): readonly string[] {
  if (jsonEqual(before, after)) return [];
  const [left, right] = [before ?? emptyLike(after), after ?? emptyLike(before)];
  const inner =
    Array.isArray(left) && Array.isArray(right) ? inList(left, right, path) : inObject(left, right, path);
  return inner.length > 0 ? inner : [path];
}

function inObject(left: Json | undefined, right: Json | undefined, path: string): readonly string[] {
  if (!isJsonObject(left) || !isJsonObject(right)) return [];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) =>
    changedPaths(
      memberOf(left, key),
      memberOf(right, key),
      path === "" ? shownKey(key) : `${path}.${shownKey(key)}`,
    ),
  );
}

function inList(left: readonly Json[], right: readonly Json[], path: string): readonly string[] {
  const names = right.map(nameOf);
  const same = left.length === right.length && left.every((entry, index) => nameOf(entry) === names[index]);
  if (!same || names.includes(undefined)) return [];
  return right.flatMap((entry, index) => changedPaths(left[index], entry, `${path}[${index}]`));
}

/** A section that is left out is one with nothing in it. */
function emptyLike(value: Json | undefined): Json | undefined {
  return isJsonObject(value) ? {} : undefined;
}
