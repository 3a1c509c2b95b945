import { createPrivateKey, X509Certificate } from "node:crypto";
import { basename } from "node:path";
import type { TlsIdentity } from "@tram/cloud-bridge";
import type { SchemaProblem } from "@tram/protocol";
import { readSmallFile } from "./read-file.ts";

/** All authorities of a system are a quarter of this. In bytes. */
const LIMIT_BYTES = 1_048_576;

/** What is said of a file that cannot be read begins so. */
export const UNREADABLE = "expected a readable file";

const FILES = { ca: "ca_file", cert: "cert_file", key: "key_file" } as const;

/**
 * Reads the certificate files that an entry names; their paths are absolute already. What OpenSSL could not use is told
 * here, with its file, and not at the first connection.
 */
export function readIdentity(
  entry: Readonly<Record<string, unknown>>,
  path: string,
): { readonly identity?: TlsIdentity; readonly problems: readonly SchemaProblem[] } {
  const problems: SchemaProblem[] = [];
  const identity: { -readonly [Part in keyof TlsIdentity]: TlsIdentity[Part] } = {};
  for (const part of ["ca", "cert", "key"] as const) {
    const file = entry[FILES[part]];
    if (typeof file !== "string") continue;
    const read = readSmallFile(file, LIMIT_BYTES);
    const wrong = (problem: string): void => {
      problems.push({ path: `${path}.${FILES[part]}`, problem });
    };
    if ("found" in read) wrong(`${UNREADABLE}, found ${read.found}: ${file}`);
    else {
      const text = read.toString("utf8");
      const problem = pemProblem(part, text);
      if (problem === undefined) identity[part] = text;
      else wrong(`${problem} in ${basename(file)}`);
    }
  }
  return { problems, ...(Object.keys(identity).length === 0 ? {} : { identity }) };
}

/** @returns what was expected of a text that OpenSSL could not use; it quotes nothing. */
export function pemProblem(part: keyof TlsIdentity, text: string): string | undefined {
  try {
    if (part === "key") createPrivateKey(text);
    else new X509Certificate(text);
    return undefined;
  } catch {
    // The reason of OpenSSL says nothing to people.
    return `expected ${part === "key" ? "an unencrypted private key" : "a certificate"} in PEM`;
  }
}
