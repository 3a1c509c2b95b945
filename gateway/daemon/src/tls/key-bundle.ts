import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyPair } from "./certificates.ts";
import { pemBlocks } from "./pem.ts";

/** A key, its certificate, and what has to be shown with that. */
export interface KeyBundle extends KeyPair {
  /** Certificate by which the authority before vouches for this one, PEM. */
  readonly bridge?: string | undefined;
}

/**
 * One file for all of it: a power cut between two would leave a key beside the certificate of another.
 */
export function writeBundle({ bridge = "", certificate, key }: KeyBundle): string {
  return key + certificate + bridge;
}

/**
 * @param where is named in the error.
 * @throws {Error} when the text is not a key with its certificate; it tells nothing of the key.
 */
export function readBundle(text: string, where: string): KeyBundle {
  const blocks = pemBlocks(text);
  const key = blocks.find(({ label }) => label === "PRIVATE KEY")?.text;
  const [certificate, bridge] = blocks.filter(({ label }) => label === "CERTIFICATE");
  const found = blocks.map(({ label }) => label).join(", ") || "nothing of it";
  if (key === undefined || certificate === undefined) {
    throw new Error(`${where}: expected PRIVATE KEY and CERTIFICATE in PEM, found ${found}`);
  }
  let fits: boolean;
  try {
    fits = new X509Certificate(certificate.bytes).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new Error(`${where}: expected a private key and its certificate, found broken ones`, { cause });
  }
  if (!fits) throw new Error(`${where}: expected the certificate of the key, found that of another`);
  return { key, certificate: certificate.text, ...(bridge !== undefined && { bridge: bridge.text }) };
}
