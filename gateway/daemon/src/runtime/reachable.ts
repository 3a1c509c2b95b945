import { networkInterfaces } from "node:os";

/** An address that a person can type: the first of the LAN where the gateway listens everywhere. */
export function reachable(host: string): string {
  if (host !== "0.0.0.0" && host !== "::") return host.includes(":") ? `[${host}]` : host;
  for (const addresses of Object.values(networkInterfaces())) {
    const lan = addresses?.find(({ internal, family }) => !internal && family === "IPv4");
    if (lan !== undefined) return lan.address;
  }
  return "localhost";
}
