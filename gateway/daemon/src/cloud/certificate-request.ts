import type { KeyObject } from "node:crypto";
import { pem } from "../tls/pem.ts";

/**
 * Asks for a certificate for a key of this gateway. The X.509 library is loaded for it, and at no other time.
 * @param name common name; clouds put their own in its place.
 * @returns PKCS #10 in PEM.
 */
export async function certificateRequest(key: KeyObject, name: string): Promise<string> {
  const { buildRequest } = await import("../tls/x509/index.ts");
  return pem("CERTIFICATE REQUEST", buildRequest(key, name));
}
