import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ClockTrust, EpochMs } from "@tram/protocol";
import type { TlsIdentity } from "../providers/tls-identity.ts";

/**
 * What is wrong with the certificate that we show, before anybody else says so.
 * @param trust a certificate is out of date by a clock; one that is not set judges nothing.
 * @returns what it is, and what to do about it; `undefined` when nothing is, or when we show none.
 */
export function ownCertificateProblem(
  { cert, key }: TlsIdentity,
  now: EpochMs,
  trust: ClockTrust,
): { readonly said: string; readonly advice: string } | undefined {
  if (cert === undefined || key === undefined) return undefined;
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) {
      return {
        said: "our private key is not that of our certificate",
        advice: "Give the two that were made together.",
      };
    }
    if (trust === "untrusted") return undefined;
    const { validFrom, validTo } = certificate;
    const advice = "Look at the clock first; then give the gateway a new certificate.";
    if (now > Date.parse(validTo)) return { said: `our certificate has ended on ${validTo}`, advice };
    if (now < Date.parse(validFrom)) {
      return { said: `our certificate begins on ${validFrom}, by our clock that is still to come`, advice };
    }
    return undefined;
  } catch {
    // OpenSSL's reason says nothing to people.
    return {
      said: "our certificate or our private key is no PEM, or is encrypted",
      advice: "Give the gateway a new certificate.",
    };
  }
}
