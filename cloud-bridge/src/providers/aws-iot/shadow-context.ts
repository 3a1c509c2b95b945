import { isJsonObject, type Json } from "@tram/protocol";
import type { ShadowPath } from "./shadow-document.ts";

/** What is kept with a command that came of a shadow. */
interface ShadowContext {
  readonly via: "shadow";
  readonly id: string;
  readonly path: ShadowPath;
}

/** Whether a reply is that to a wish of a shadow. */
export function isShadowContext(context: unknown): context is ShadowContext {
  if (!isJsonObject(context)) return false;
  const { via, id, path } = context;
  return (
    via === "shadow" &&
    typeof id === "string" &&
    Array.isArray(path) &&
    path.every((key: Json) => typeof key === "string")
  );
}
