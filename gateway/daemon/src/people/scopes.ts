import type { Scope } from "@tram/protocol";

/** `admin` includes `control`, which includes `read`. */
export function withImplied(scopes: readonly Scope[]): readonly Scope[] {
  if (scopes.includes("admin")) return ["read", "control", "admin"];
  return scopes.includes("control") ? ["read", "control"] : scopes;
}
