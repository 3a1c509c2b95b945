import type { X509Certificate } from "node:crypto";
import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { ServerNames } from "./server-names.ts";

/** It is renewed when less than this is left. */
const RENEWED_MS: Ms = 90 * 86_400_000;

/** Whether the broker's certificate must be made anew: it ends soon, lacks a name, or another authority signed it. */
export function isStale(
  certificate: X509Certificate,
  parts: {
    readonly authority: X509Certificate;
    readonly clock: Pick<Clock, "now" | "trust">;
    readonly names: ServerNames;
  },
): boolean {
  const { authority, clock, names } = parts;
  const endsSoon = Date.parse(certificate.validTo) - clock.now() < RENEWED_MS;
  return (
    (clock.trust !== "untrusted" && endsSoon) ||
    // A change of authorities was broken off.
    !certificate.verify(authority.publicKey) ||
    !covers(certificate, names)
  );
}

/** It may stand for more: an address that comes and goes costs nothing. */
function covers(certificate: X509Certificate, { dns, ips }: ServerNames): boolean {
  return (
    dns.every((name) => certificate.checkHost(name) !== undefined) &&
    ips.every((address) => certificate.checkIP(address) !== undefined)
  );
}
