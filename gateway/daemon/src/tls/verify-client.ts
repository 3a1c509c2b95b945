import type { X509Certificate } from "node:crypto";
import type { MqttCertificate } from "@tram/core";
import type { ClockTrust, EpochMs } from "@tram/protocol";

/** RFC 5280 §4.2.1.12: id-kp-clientAuth. */
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

export interface VerifyOptions {
  /** Who may have issued it: our authority, and the one before it while that still counts. */
  readonly authorities: readonly X509Certificate[];
  /** Serial numbers, as `serialOf` writes them. */
  readonly revoked: ReadonlySet<string>;
  readonly now: EpochMs;
  /** While the clock is not to be believed, dates decide nothing; everything else does. */
  readonly trust: ClockTrust;
}

export type Verdict = MqttCertificate | { readonly refused: string };

/**
 * Judges the certificate of a client. That the client has its key is what the TLS handshake has proved.
 *
 * Node has no time of verification to set, and OpenSSL would refuse every certificate of a router whose clock stands at
 * 1970: so the chain, which here is one signature, is checked by us.
 */
export function verifyClient(certificate: X509Certificate, options: VerifyOptions): Verdict {
  const { authorities, now, revoked, trust } = options;
  const issuer = authorities.find((authority) => issued(authority, certificate));
  if (issuer === undefined) return { refused: "it was not issued by this gateway" };
  if (certificate.ca) return { refused: "it is the certificate of an authority" };
  if (!(certificate.keyUsage ?? []).includes(CLIENT_AUTH)) return { refused: "it is not for clients" };
  const serial = serialOf(certificate.serialNumber);
  if (revoked.has(serial)) return { refused: "it was revoked" };
  if (trust !== "untrusted") {
    if (now < Date.parse(certificate.validFrom))
      return { refused: `it is not valid before ${certificate.validFrom}` };
    if (now > Date.parse(certificate.validTo)) return { refused: `it has expired on ${certificate.validTo}` };
  }
  const commonName = /(?:^|\n)CN=(.+)/.exec(certificate.subject)?.[1];
  if (commonName === undefined) return { refused: "it has no common name" };
  return { commonName, serial };
}

/** A serial number in one form: lower case, without zeros in front. */
export function serialOf(text: string): string {
  return text.toLowerCase().replace(/^0+(?=.)/, "");
}

function issued(authority: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  } catch {
    return false; // A key of a kind that cannot have made the signature.
  }
}
