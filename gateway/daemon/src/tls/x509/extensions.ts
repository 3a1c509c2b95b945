import { createHash } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  type SubjectPublicKeyInfo,
} from "@peculiar/asn1-x509";

/** What a certificate is good for. */
export type Purpose =
  /** @param below authorities that may stand between it and a device. */
  | { readonly for: "authority"; readonly below: number }
  /** DNS names and IP addresses that it is reached by. */
  | { readonly for: "server"; readonly dns: readonly string[]; readonly ips: readonly string[] }
  | { readonly for: "client" };

/** The extensions of RFC 5280 §4.2 that say what a certificate is good for. */
export function purposeExtensions(purpose: Purpose): readonly Extension[] {
  if (purpose.for === "authority") {
    return [
      extension(
        id_ce_basicConstraints,
        new BasicConstraints({ cA: true, pathLenConstraint: purpose.below }),
        true,
      ),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
    ];
  }
  const usage = purpose.for === "server" ? id_kp_serverAuth : id_kp_clientAuth;
  return [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([usage])),
    ...(purpose.for === "server" ? [alternativeNames(purpose)] : []),
  ];
}

/** Whose key it is, and whose key signed it: how verifiers find the way from one to the other. */
export function keyExtensions(
  own: SubjectPublicKeyInfo,
  issuer: SubjectPublicKeyInfo,
): readonly [Extension, Extension] {
  return [
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(own))),
    authorityKeyExtension(issuer),
  ];
}

export function authorityKeyExtension(issuer: SubjectPublicKeyInfo): Extension {
  const identifier = new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(issuer)) });
  return extension(id_ce_authorityKeyIdentifier, identifier);
}

/** @param value is encoded as its class says. */
export function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function alternativeNames({ dns, ips }: { dns: readonly string[]; ips: readonly string[] }): Extension {
  const names = [
    ...dns.map((dNSName) => new GeneralName({ dNSName })),
    ...ips.map((iPAddress) => new GeneralName({ iPAddress })),
  ];
  return extension(id_ce_subjectAltName, new SubjectAlternativeName(names));
}

/** RFC 7093 §2 (1): 160 bits of SHA-256. It tells keys apart and proves nothing. */
function keyIdentifier({ subjectPublicKey }: SubjectPublicKeyInfo): Uint8Array<ArrayBuffer> {
  const digest = createHash("sha256").update(Buffer.from(subjectPublicKey)).digest();
  return Uint8Array.from(digest.subarray(0, 20));
}
