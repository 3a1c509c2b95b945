import type { BrokerAddress } from "@tram/core";
import { reachable } from "../runtime/reachable.ts";

/** Where a consumer reaches the gateway, as beginnings of URLs: `http://gateway.lan:8080`. */
export interface Reach {
  readonly http: string;
  /** The encrypted one first. Empty where the consumer reaches none. */
  readonly mqtt: readonly string[];
}

/** The doors of the gateway. */
export interface Doors {
  readonly http: { readonly host: string; readonly port: number };
  readonly mqtt: readonly Pick<BrokerAddress, "protocol" | "host" | "port">[];
}

const ANY_ADDRESS = new Set(["0.0.0.0", "::", ""]);

/**
 * Finds the way that a request came: what reached the gateway once reaches it again. Only what `servesHost` has let pass
 * comes here; anything else is not believed either.
 * @param host the `Host` header; `undefined` for whoever came over the local socket.
 */
export function reachOf(host: string | undefined, doors: Doors): Reach {
  const origin = originOf(host) ?? new URL(`http://${reachable(doors.http.host)}:${doors.http.port}`);
  const mqtt = (["mqtts", "mqtt"] as const).flatMap((protocol) => {
    const door = doors.mqtt.find((each) => each.protocol === protocol && each.port > 0);
    const name = door === undefined ? undefined : nameOf(door.host, origin.hostname);
    return door === undefined || name === undefined ? [] : [`${protocol}://${name}:${door.port}`];
  });
  return { http: origin.origin, mqtt };
}

function originOf(host: string | undefined): URL | undefined {
  // Nothing but a host and a port: a user, a path or a query would be somebody's trick.
  if (host === undefined || !/^[a-z0-9_.:[\]-]{1,255}$/i.test(host)) return undefined;
  return URL.parse(`http://${host}`) ?? undefined;
}

/** @returns `undefined` when the door is for programs of the gateway's own machine, and the caller is none. */
function nameOf(door: string, caller: string): string | undefined {
  if (ANY_ADDRESS.has(door)) return caller;
  if (isLoopback(door) && !isLoopback(caller)) return undefined;
  return door.includes(":") && !door.startsWith("[") ? `[${door}]` : door;
}

function isLoopback(name: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/.test(name);
}
