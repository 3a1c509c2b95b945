import { parseTopicFilter } from "@tram/broker";
import { type SchemaProblem, show } from "@tram/protocol";

/** Id of the listener of `mqtt.host` and `mqtt.port`, and of the one at the HTTP port. */
export const SHORT_LISTENER = "tcp";
export const HTTP_LISTENER = "http";

type Loose = Readonly<Record<string, unknown>>;

/** The name of a listener, given or made up. */
export function listenerId({ id, protocol, port }: { id?: string; protocol: string; port: number }): string {
  return id ?? `${protocol}-${port}`;
}

/**
 * What a schema cannot say of the broker's listeners.
 * @param listeners each with its path.
 */
export function* listenerProblems(
  listeners: readonly (readonly [listener: Loose, path: string])[],
): Generator<SchemaProblem> {
  const known = new Map<string, string>([
    [SHORT_LISTENER, "mqtt.port"],
    [HTTP_LISTENER, "http.port"],
  ]);
  for (const [listener, path] of listeners) {
    const { client_certificates: certificates, host, interface: name, protocol } = listener;
    if (host !== undefined && name !== undefined) {
      yield { path, problem: "expected host or interface, found both" };
    }
    const secure = protocol === "mqtts" || protocol === "wss";
    if (certificates !== undefined && certificates !== "off" && !secure) {
      const found = `those of ${show(protocol)}`;
      yield { path: `${path}.client_certificates`, problem: `expected mqtts or wss, found ${found}` };
    }
    const id = listenerId(listener as Parameters<typeof listenerId>[0]);
    const first = known.get(id);
    if (first === undefined) known.set(id, path);
    else yield { path: `${path}.id`, problem: `expected a unique name, found that of ${first}` };
  }
}

/** @param filters of `mqtt.durable`. */
export function* filterProblems(filters: unknown): Generator<SchemaProblem> {
  if (!Array.isArray(filters)) return;
  for (const [index, filter] of filters.entries()) {
    if (typeof filter !== "string") continue;
    const parsed = parseTopicFilter(filter);
    if (parsed.ok) continue;
    yield {
      path: `mqtt.durable[${index}]`,
      problem: `expected a topic filter, found ${show(filter)}: ${parsed.problem}`,
    };
  }
}
