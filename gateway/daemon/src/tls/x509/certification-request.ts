import { createPublicKey, type KeyObject } from "node:crypto";
import { Attributes, CertificationRequest, CertificationRequestInfo } from "@peculiar/asn1-csr";
import { AsnConvert } from "@peculiar/asn1-schema";
import { SubjectPublicKeyInfo } from "@peculiar/asn1-x509";
import { commonName } from "./distinguished-name.ts";
import { SIGNATURE, signed } from "./signature.ts";

/**
 * Asks for a certificate (PKCS #10, RFC 2986). The private key signs, and stays out of it.
 * @param key private, on P-256.
 * @returns DER.
 */
export function buildRequest(key: KeyObject, name: string): Buffer {
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const content = new CertificationRequestInfo({
    version: 0,
    subject: commonName(name),
    subjectPKInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    // §4.1: the set is there, and may be empty.
    attributes: new Attributes(),
  });
  const request = new CertificationRequest({
    certificationRequestInfo: content,
    signatureAlgorithm: SIGNATURE,
    signature: signed(content, key),
  });
  return Buffer.from(AsnConvert.serialize(request));
}
