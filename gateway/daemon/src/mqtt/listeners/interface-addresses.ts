import { networkInterfaces } from "node:os";

/**
 * Addresses of a network interface, as a server binds to them.
 * @param interfaces for tests.
 * @returns none when there is no such interface, or it has no address yet. A link-local address of IPv6 carries its zone.
 */
export function interfaceAddresses(
  name: string,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): readonly string[] {
  return (interfaces[name] ?? []).map(({ address, family, scopeid }) =>
    family === "IPv6" && scopeid !== undefined && scopeid > 0 ? `${address}%${name}` : address,
  );
}
