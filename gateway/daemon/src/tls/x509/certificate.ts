import { type KeyObject, randomBytes } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  Certificate,
  Extensions,
  type Name,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import type { Validity as Dates } from "../validity.ts";
import { commonName } from "./distinguished-name.ts";
import { keyExtensions, type Purpose, purposeExtensions } from "./extensions.ts";
import { SIGNATURE, signed } from "./signature.ts";

/** Who signs: its certificate in DER, and its key. A new authority has no certificate yet, and signs its own. */
export interface Issuer {
  readonly certificate: Uint8Array | undefined;
  readonly key: KeyObject;
}

/**
 * Makes a certificate of version 3 (RFC 5280 §4.1).
 * @param parts.publicKey whose certificate it is.
 * @returns DER.
 */
export function buildCertificate(
  issuer: Issuer,
  parts: {
    readonly name: string;
    readonly publicKey: KeyObject;
    readonly dates: Dates;
    readonly purpose: Purpose;
  },
): Buffer {
  const subject = commonName(parts.name);
  const own = publicKeyInfo(parts.publicKey);
  const by = issuer.certificate === undefined ? { name: subject, key: own } : subjectOf(issuer.certificate);
  const content = new TBSCertificate({
    version: Version.v3,
    serialNumber: newSerial(),
    signature: SIGNATURE,
    issuer: by.name,
    validity: new Validity(parts.dates),
    subject,
    subjectPublicKeyInfo: own,
    extensions: new Extensions([...purposeExtensions(parts.purpose), ...keyExtensions(own, by.key)]),
  });
  const certificate = new Certificate({
    tbsCertificate: content,
    signatureAlgorithm: SIGNATURE,
    signatureValue: signed(content, issuer.key),
  });
  return Buffer.from(AsnConvert.serialize(certificate));
}

/** Name and key of a certificate, as those that it signs have to repeat them. @param certificate DER. */
export function subjectOf(certificate: Uint8Array): { name: Name; key: SubjectPublicKeyInfo } {
  const { tbsCertificate } = AsnConvert.parse(certificate, Certificate);
  return { name: tbsCertificate.subject, key: tbsCertificate.subjectPublicKeyInfo };
}

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ format: "der", type: "spki" }), SubjectPublicKeyInfo);
}

/** RFC 5280 §4.1.2.2: positive and not above 20 bytes; ours have 16 with the highest bit clear. */
function newSerial(): ArrayBuffer {
  const bytes = Uint8Array.from(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.buffer;
}
