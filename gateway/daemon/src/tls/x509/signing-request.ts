import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { CertificationRequest } from "@peculiar/asn1-csr";
import { AsnConvert } from "@peculiar/asn1-schema";

/** Signatures that are read, with their digests: RFC 5758 §3.2 and RFC 4055 §5. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ["1.2.840.10045.4.3.2", "sha256"],
  ["1.2.840.10045.4.3.3", "sha384"],
  ["1.2.840.10045.4.3.4", "sha512"],
  ["1.2.840.113549.1.1.11", "sha256"],
  ["1.2.840.113549.1.1.12", "sha384"],
  ["1.2.840.113549.1.1.13", "sha512"],
]);

/**
 * The key that a certificate is requested for (PKCS #10, RFC 2986), once the request has proved that its sender has it.
 * @param request DER, from anybody.
 * @throws {Error} what is wrong with it.
 */
export function requestedKey(request: Uint8Array): KeyObject {
  const parsed = AsnConvert.parse(request, CertificationRequest);
  const { certificationRequestInfo: info, certificationRequestInfoRaw: content } = parsed;
  const algorithm = parsed.signatureAlgorithm.algorithm;
  const digest = DIGESTS.get(algorithm);
  if (digest === undefined) {
    throw new Error(
      `expected a signature of ECDSA or RSA with SHA-256, SHA-384 or SHA-512, found ${algorithm}`,
    );
  }
  if (content === undefined) throw new Error("there is nothing signed in it");
  const spki = Buffer.from(AsnConvert.serialize(info.subjectPKInfo));
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  if (!verify(digest, new Uint8Array(content), key, new Uint8Array(parsed.signature))) {
    throw new Error("its signature is not that of its key");
  }
  return key;
}
