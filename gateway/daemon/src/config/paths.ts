import { isAbsolute, resolve } from "node:path";
import { BridgeConfig } from "@tram/cloud-bridge";
import type { TSchema } from "typebox";
import { Config } from "./schema.ts";
import { propertiesOf } from "./schema-properties.ts";

/**
 * Makes the paths of a configuration absolute, wherever the schema says that a text is one (`path`). What does not fit
 * the schema stays as it is: the check tells.
 * @param folder absolute; where relative paths start.
 */
export function absolutePaths(document: unknown, folder: string): unknown {
  return walk(document, Config, folder);
}

function walk(value: unknown, schema: TSchema, folder: string): unknown {
  const { items } = schema as { items?: TSchema };
  if (typeof value === "string") {
    const path = pathKindOf(schema);
    return path === undefined ? value : absolute(value, path, folder);
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const inner = schema === Config.properties.cloud ? BridgeConfig : items;
    return inner === undefined ? value : value.map((item) => walk(item, inner, folder));
  }
  const properties = propertiesOf(schema);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const property = properties.get(key);
      return [key, property === undefined ? item : walk(item, property, folder)];
    }),
  );
}

/** `dotted`: a path when it looks like one (`./x`, `../x`, `/x`), else a name. */
type PathKind = "always" | "dotted";

/** A key may be in several forms, each with words of its own about the file. */
function pathKindOf(schema: TSchema): PathKind | undefined {
  const { path, anyOf = [] } = schema as { path?: PathKind; anyOf?: readonly TSchema[] };
  return path ?? anyOf.map(pathKindOf).find((kind) => kind !== undefined);
}

function absolute(text: string, kind: PathKind, folder: string): string {
  if (isAbsolute(text) || (kind === "dotted" && !/^\.{1,2}\//.test(text))) return text;
  return resolve(folder, text);
}
