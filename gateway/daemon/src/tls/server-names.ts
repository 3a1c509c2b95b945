import { hostname, networkInterfaces } from "node:os";

/** Names and addresses by which clients may reach the broker. */
export interface ServerNames {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
}

/** OpenWrt's own domain, and that of mDNS. */
const DOMAINS = ["lan", "local"] as const;

/**
 * What the certificate of the broker stands for, in a fixed order.
 * @param named names of the configuration.
 */
export function serverNames(named: readonly string[]): ServerNames {
  const host = hostname().toLowerCase();
  const plain = [host, ...named.map((name) => name.toLowerCase())];
  const dns = plain.flatMap((name) =>
    name.includes(".") ? [name] : [name, ...DOMAINS.map((domain) => `${name}.${domain}`)],
  );
  const ips = Object.values(networkInterfaces()).flatMap((addresses = []) =>
    // Link-local addresses of IPv6 are nothing without a zone, which a certificate cannot name.
    addresses
      .filter(({ address, family }) => family === "IPv4" || !address.startsWith("fe80"))
      .map(({ address }) => address),
  );
  const isName = (name: string): boolean => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name);
  return { dns: [...new Set(["localhost", ...dns])].filter(isName).sort(), ips: [...new Set(ips)].sort() };
}
