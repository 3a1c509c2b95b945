import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ClockTrust, EpochMs } from "@tram/protocol";
import type { TlsIdentity } from "../providers/tls-identity.ts";

/**
 * What is wrong with the certificate that we show, before anybody else says so.
 * @param trust a certificate is out of date by a clock; one that is not set judges nothing.
 * @returns `undefined` when nothing is, or when we show none.
 */
export function ownCertificateProblem(
  { cert, key }: TlsIdentity,
  now: EpochMs,
  trust: ClockTrust,
): string | undefined {
  if (cert === undefined || key === undefined) return undefined;
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) {
      return "our private key is not that of our certificate";
    }
    if (trust === "untrusted") return undefined;
    if (now > Date.parse(certificate.validTo)) return `our certificate has ended on ${certificate.validTo}`;
    if (now < Date.parse(certificate.validFrom)) {
      return `our certificate begins on ${certificate.validFrom}, by our clock that is still to come`;
    }
    return undefined;
  } catch {
    return "our certificate or our private key is no PEM"; // OpenSSL's reason says nothing to people.
  }
}
