import { hostname } from "node:os";

/** Suffixes that no public DNS serves (RFC 6762, RFC 8375, ICANN's .internal) and OpenWrt's own. */
const LOCAL_SUFFIX = /\.(?:lan|local|home\.arpa|internal|localhost)$/;

/**
 * Tells whether a browser may reach the gateway under the name in a `Host` header. Any other name could be one that a
 * hostile page made point here (DNS rebinding): its scripts would then pass for the gateway's own.
 * @param named further names, from the configuration.
 */
export function servesHost(host: string | undefined, named: readonly string[]): boolean {
  const name = hostName(host);
  if (name === undefined) return host === undefined; // HTTP/1.0 programs send none, browsers always do.
  if (/^\[[0-9a-f:.]+\]$/.test(name) || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name)) return true;
  if (!name.includes(".") || LOCAL_SUFFIX.test(name)) return true;
  return name === hostname().toLowerCase() || named.some((known) => known.toLowerCase() === name);
}

/** Whether an origin is a page of the same machine on another port, such as LuCI. */
export function isNeighbour(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || host === undefined) return false;
  const from = /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
  return from !== undefined && hostName(from) !== undefined && hostName(from) === hostName(host);
}

/** `Gateway.lan:8080` → `gateway.lan`. */
function hostName(host: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)\.?(?::\d{1,5})?$/.exec((host ?? "").toLowerCase())?.[1];
}

/** Whether an address is of the local network: private (RFC 1918, RFC 4193), link-local or loopback. */
export function isLocalAddress(address: string): boolean {
  const plain = address
    .toLowerCase()
    .replace(/^::ffff:(?=\d)/, "")
    .replace(/%.*$/, "");
  if (plain.includes(":")) return plain === "::1" || /^(?:f[cd]|fe[89ab])/.test(plain);
  const [a = -1, b = -1] = plain.split(".").map(Number);
  if (a === 10 || a === 127 || (a === 192 && b === 168) || (a === 169 && b === 254)) return true;
  return a === 172 && b >= 16 && b <= 31;
}
