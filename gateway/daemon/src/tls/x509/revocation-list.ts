import { AsnConvert } from "@peculiar/asn1-schema";
import {
  CertificateList,
  CRLNumber,
  id_ce_cRLNumber,
  RevokedCertificate,
  TBSCertList,
  Time,
  Version,
} from "@peculiar/asn1-x509";
import type { Validity } from "../validity.ts";
import { subjectOf } from "./certificate.ts";
import { authorityKeyExtension, extension } from "./extensions.ts";
import { SIGNATURE, signed } from "./signature.ts";

/**
 * Makes a list of revoked certificates (RFC 5280 §5).
 * @param parts.number grows from list to list.
 * @param parts.dates from when it counts, and until when the next one should be there.
 * @returns DER.
 */
export function buildRevocationList(
  issuer: { readonly certificate: Uint8Array; readonly key: Parameters<typeof signed>[1] },
  parts: {
    readonly revoked: readonly { readonly serial: string; readonly at: Date }[];
    readonly number: number;
    readonly dates: Validity;
  },
): Buffer {
  const { name, key } = subjectOf(issuer.certificate);
  const entries = parts.revoked.map(
    ({ at, serial }) =>
      new RevokedCertificate({ userCertificate: integer(serial), revocationDate: new Time(at) }),
  );
  const content = new TBSCertList({
    version: Version.v2,
    signature: SIGNATURE,
    issuer: name,
    thisUpdate: new Time(parts.dates.notBefore),
    nextUpdate: new Time(parts.dates.notAfter),
    // §5.1.2.6: an empty list is left out.
    ...(entries.length > 0 && { revokedCertificates: entries }),
    crlExtensions: [authorityKeyExtension(key), extension(id_ce_cRLNumber, new CRLNumber(parts.number))],
  });
  const list = new CertificateList({
    tbsCertList: content,
    signatureAlgorithm: SIGNATURE,
    signature: signed(content, issuer.key),
  });
  return Buffer.from(AsnConvert.serialize(list));
}

/** @param hex without leading zeros, and never with the highest bit set: ours begin with 4 to 7. */
function integer(hex: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(hex, "hex")).buffer;
}
