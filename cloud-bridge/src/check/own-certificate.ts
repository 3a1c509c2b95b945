import { createPrivateKey, X509Certificate } from "node:crypto";
import type { ClockTrust, EpochMs } from "@tram/protocol";
import type { TlsIdentity } from "../providers/tls-identity.ts";
import type { CheckResult } from "./check-step.ts";

/**
 * What is wrong with the certificate that we show, before anybody else says so.
 * @param trust a certificate is out of date by a clock; one that is not set judges nothing.
 * @returns what it is, and what to do about it; `undefined` when nothing is, or when we show none.
 */
export function ownCertificateProblem(
  { cert, key }: TlsIdentity,
  now: EpochMs,
  trust: ClockTrust,
): Required<Pick<CheckResult, "advice" | "code" | "said">> | undefined {
  if (cert === undefined || key === undefined) return undefined;
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) {
      return {
        code: "own-pair",
        said: "our private key is not that of our certificate",
        advice: "Give the two that were made together.",
      };
    }
    if (trust === "untrusted") return undefined;
    const { validFrom, validTo } = certificate;
    const untimely = {
      code: "own-time",
      advice: "Look at the clock first; then give the gateway a new certificate.",
    } as const;
    if (now > Date.parse(validTo)) return { ...untimely, said: `our certificate has ended on ${validTo}` };
    if (now < Date.parse(validFrom)) {
      return {
        ...untimely,
        said: `our certificate begins on ${validFrom}, by our clock that is still to come`,
      };
    }
    return undefined;
  } catch {
    // OpenSSL's reason says nothing to people.
    return {
      code: "own-pem",
      said: "our certificate or our private key is no PEM, or is encrypted",
      advice: "Give the gateway a new certificate.",
    };
  }
}
