import { createPublicKey, type KeyObject, randomBytes, webcrypto } from "node:crypto";
import type { Validity } from "./validity.ts";

/** Certificates are made by a library that is only loaded when one is made: most days none is. */
// The library's types know the keys of browsers, which are a little narrower than Node's: hence `as never`.
const load = async (): Promise<typeof import("@peculiar/x509")> => {
  // The library's parts find each other through it.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto as never);
  return x509;
};

/** P-256 and SHA-256: what every TLS library of a microcontroller knows. */
const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;

/** A certificate with its key, PEM. */
export interface KeyPair {
  readonly certificate: string;
  /** PKCS #8. Secret. */
  readonly key: string;
}

/** Why a certificate was not made: something that came from outside is wrong. */
export class CertificateError extends Error {
  readonly code: "bad-request" | "weak-key";
  constructor(code: CertificateError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CertificateError";
    this.code = code;
  }
}

/** RFC 5280 §4.1.2.2: positive and not above 20 bytes; ours have 16 with the highest bit clear. Hexadecimal. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

/** Makes the certificate of an authority. */
export async function makeAuthority(name: string, validity: Validity): Promise<KeyPair> {
  const x509 = await load();
  const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [name] }],
    ...validity,
    signingAlgorithm: SIGNATURE,
    keys: keys as never,
    extensions: [
      // Its certificates sign nothing but what devices and this broker are.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

/** Makes the certificate of the broker. @param names DNS names and IP addresses that it is reached by. */
export async function makeServer(
  authority: KeyPair,
  names: { readonly dns: readonly string[]; readonly ips: readonly string[] },
  validity: Validity,
): Promise<KeyPair> {
  const x509 = await load();
  const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const alternatives = [
    ...names.dns.map((value) => ({ type: "dns", value }) as const),
    ...names.ips.map((value) => ({ type: "ip", value }) as const),
  ];
  const certificate = await sign(authority, {
    commonName: names.dns[0] ?? "gateway",
    publicKey: keys.publicKey as webcrypto.CryptoKey,
    validity,
    usage: x509.ExtendedKeyUsage.serverAuth,
    more: [new x509.SubjectAlternativeNameExtension(alternatives)],
  });
  return { certificate, key: await exportKey(keys.privateKey) };
}

/** Makes the certificate of a client, with a new key. @param id becomes its common name. */
export async function makeClient(authority: KeyPair, id: string, validity: Validity): Promise<KeyPair> {
  const x509 = await load();
  const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const publicKey = keys.publicKey as webcrypto.CryptoKey;
  const usage = x509.ExtendedKeyUsage.clientAuth;
  const certificate = await sign(authority, { commonName: id, publicKey, validity, usage });
  return { certificate, key: await exportKey(keys.privateKey) };
}

/**
 * Makes the certificate of a client that keeps its key to itself. Of the request only the key counts: the name and what
 * the certificate is good for are ours to say.
 * @param request PKCS #10, PEM.
 * @throws {CertificateError} when the request is not well-formed, not signed by its key, or the key is weak.
 */
export async function signRequest(
  authority: KeyPair,
  request: string,
  { id, validity }: { readonly id: string; readonly validity: Validity },
): Promise<string> {
  const x509 = await load();
  let publicKey: webcrypto.CryptoKey;
  try {
    const parsed = new x509.Pkcs10CertificateRequest(request);
    if (!(await parsed.verify())) throw new Error("its signature is not that of its key");
    checkKey(createPublicKey({ key: Buffer.from(parsed.publicKey.rawData), format: "der", type: "spki" }));
    publicKey = (await parsed.publicKey.export()) as never;
  } catch (cause) {
    if (cause instanceof CertificateError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CertificateError("bad-request", `the certificate request cannot be used: ${why}`, { cause });
  }
  return sign(authority, { commonName: id, publicKey, validity, usage: x509.ExtendedKeyUsage.clientAuth });
}

/**
 * Makes the list of revoked certificates.
 * @param revoked serial numbers, hexadecimal, with the time of revocation.
 */
export async function makeRevocationList(
  authority: KeyPair,
  revoked: readonly { readonly serial: string; readonly at: Date }[],
  validity: Validity,
): Promise<string> {
  const x509 = await load();
  const issuer = new x509.X509Certificate(authority.certificate);
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subject,
    thisUpdate: validity.notBefore,
    nextUpdate: validity.notAfter,
    signingAlgorithm: SIGNATURE,
    signingKey: (await importKey(authority.key)) as never,
    entries: revoked.map(({ at, serial }) => ({ serialNumber: serial, revocationDate: at })),
  });
  // RFC 7468 §6 names it so; the library has a name of its own.
  return pem("X509 CRL", Buffer.from(list.rawData));
}

async function sign(
  authority: KeyPair,
  parts: {
    commonName: string;
    publicKey: webcrypto.CryptoKey;
    validity: Validity;
    usage: string;
    more?: readonly import("@peculiar/x509").Extension[];
  },
): Promise<string> {
  const x509 = await load();
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [parts.commonName] }],
    issuer: issuer.subject,
    ...parts.validity,
    publicKey: parts.publicKey as never,
    signingKey: (await importKey(authority.key)) as never,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([parts.usage]),
      await x509.SubjectKeyIdentifierExtension.create(parts.publicKey as never),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(parts.more ?? []),
    ],
  });
  return certificate.toString("pem");
}

/** RSA below 2,048 bits and curves that nobody uses are refused (NIST SP 800-57). */
function checkKey(key: KeyObject): void {
  const { asymmetricKeyDetails: details = {}, asymmetricKeyType: type } = key;
  const strong =
    (type === "rsa" && (details.modulusLength ?? 0) >= 2_048) ||
    (type === "ec" && ["prime256v1", "secp384r1", "secp521r1"].includes(details.namedCurve ?? ""));
  if (!strong)
    throw new CertificateError("weak-key", "expected RSA of 2048 bits at least, or P-256, P-384 or P-521");
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return pem("PRIVATE KEY", Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)));
}

/** RFC 7468: lines of 64 characters. */
function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const bytes = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return (await webcrypto.subtle.importKey("pkcs8", bytes, KEY, false, ["sign"])) as webcrypto.CryptoKey;
}
