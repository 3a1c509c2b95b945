import { Compile } from "@tram/protocol/validator";
import type { Route } from "./route.ts";

export type BodyValidator = ReturnType<typeof Compile>;

interface Entry {
  readonly route: Route;
  /** Segments of its path; a parameter is `{name}`. */
  readonly segments: readonly string[];
  validator: BodyValidator | undefined;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  /** Of the body; compiled when it is needed first, for most of a gateway's routes are hardly ever called. */
  validator(): BodyValidator | undefined;
}

/** Finds the route of a request. A literal segment is preferred to a parameter: `/rules/check` before `/rules/{id}`. */
export class RouteTable {
  readonly #byMethod = new Map<string, Entry[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const method = route.method.toUpperCase();
      const entries = this.#byMethod.get(method) ?? [];
      entries.push({ route, segments: route.path.split("/"), validator: undefined });
      this.#byMethod.set(method, entries);
    }
    for (const entries of this.#byMethod.values()) {
      entries.sort((one, other) => parameters(one) - parameters(other));
    }
  }

  /** @returns `malformed` when a parameter is not percent-encoded text. */
  find(method: string, path: string): Match | "malformed" | undefined {
    const segments = path.split("/");
    for (const entry of this.#byMethod.get(method) ?? []) {
      const params = matches(entry.segments, segments);
      if (params === undefined) continue;
      if (params === "malformed") return params;
      return { route: entry.route, params, validator: () => validatorOf(entry) };
    }
    return undefined;
  }
}

function validatorOf(entry: Entry): BodyValidator | undefined {
  if (entry.route.body === undefined) return undefined;
  entry.validator ??= Compile(entry.route.body);
  return entry.validator;
}

function parameters({ segments }: Entry): number {
  return segments.filter((segment) => segment.startsWith("{")).length;
}

function matches(
  wanted: readonly string[],
  found: readonly string[],
): Record<string, string> | "malformed" | undefined {
  if (wanted.length !== found.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const text = found[index] ?? "";
    if (!segment.startsWith("{")) {
      if (segment !== text) return undefined;
      continue;
    }
    if (text === "") return undefined;
    try {
      params[segment.slice(1, -1)] = decodeURIComponent(text);
    } catch {
      return "malformed"; // URIError is the only thing that it throws.
    }
  }
  return params;
}
