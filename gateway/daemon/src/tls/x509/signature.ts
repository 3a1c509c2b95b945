import { type KeyObject, sign } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";

/** RFC 5758 §3.2: ecdsa-with-SHA256, which has no parameters. */
export const SIGNATURE = new AlgorithmIdentifier({ algorithm: "1.2.840.10045.4.3.2" });

/** What a signature covers, in DER, and the signature over it. @param key of the issuer, on a NIST curve. */
export function signed(content: object, key: KeyObject): ArrayBuffer {
  const signature = sign("sha256", new Uint8Array(AsnConvert.serialize(content)), key);
  return Uint8Array.from(signature).buffer;
}
