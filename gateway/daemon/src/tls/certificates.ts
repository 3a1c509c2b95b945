import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { pem, pemBlocks } from "./pem.ts";
import type { Validity } from "./validity.ts";
import type { Issuer, Purpose } from "./x509/index.ts";

/** Certificates are made by a library that is only loaded when one is made: most days none is. */
const load = () => import("./x509/index.ts");

/** What every TLS library of a microcontroller knows. */
const CURVE = "P-256";

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

/** Makes an authority, which signs itself. It may sign the one that comes after it, too. */
export async function makeAuthority(name: string, dates: Validity): Promise<KeyPair> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: CURVE });
  const issuer = { certificate: undefined, key: privateKey };
  const parts = { name, publicKey, dates, purpose: { for: "authority", below: 1 } } as const;
  return { certificate: await build(issuer, parts), key: exported(privateKey) };
}

/**
 * Lets an authority speak for the one that comes after it: who knows the old one alone can check the new one's
 * certificates when this one is shown with them.
 * @param next certificate of the new one, PEM.
 * @returns PEM.
 */
export function makeBridge(authority: KeyPair, next: string, name: string, dates: Validity): Promise<string> {
  const { publicKey } = new X509Certificate(next);
  return build(issuerOf(authority), { name, publicKey, dates, purpose: { for: "authority", below: 0 } });
}

/** Makes the certificate of the broker. @param names DNS names and IP addresses that it is reached by. */
export function makeServer(
  authority: KeyPair,
  names: { readonly dns: readonly string[]; readonly ips: readonly string[] },
  dates: Validity,
): Promise<KeyPair> {
  return makeLeaf(authority, names.dns[0] ?? "gateway", { for: "server", ...names }, dates);
}

/** Makes the certificate of a client, with a new key. @param id becomes its common name. */
export function makeClient(authority: KeyPair, id: string, dates: Validity): Promise<KeyPair> {
  return makeLeaf(authority, id, { for: "client" }, dates);
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
  { id, validity: dates }: { readonly id: string; readonly validity: Validity },
): Promise<string> {
  const publicKey = await keyOfRequest(request);
  return build(issuerOf(authority), { name: id, publicKey, dates, purpose: { for: "client" } });
}

/**
 * Asks another authority (a cloud's) for a certificate.
 * @param key private, on P-256; only its public half and a signature are in the request.
 * @param name becomes the common name; most authorities put their own in its place.
 * @returns PKCS #10, PEM.
 */
export async function makeRequest(key: KeyObject, name: string): Promise<string> {
  const { buildRequest } = await load();
  return pem("CERTIFICATE REQUEST", buildRequest(key, name));
}

/**
 * Makes the list of revoked certificates.
 * @param revoked serial numbers, hexadecimal, with the time of revocation.
 */
export async function makeRevocationList(
  authority: KeyPair,
  revoked: readonly { readonly serial: string; readonly at: Date }[],
  dates: Validity,
): Promise<string> {
  const { buildRevocationList } = await load();
  const certificate = new X509Certificate(authority.certificate).raw;
  const key = createPrivateKey(authority.key);
  // Nothing is ever taken off the list, so that its length says which of two is the newer one.
  const number = revoked.length + 1;
  // RFC 7468 §6.
  return pem("X509 CRL", buildRevocationList({ certificate, key }, { revoked, number, dates }));
}

async function makeLeaf(
  authority: KeyPair,
  name: string,
  purpose: Purpose,
  dates: Validity,
): Promise<KeyPair> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: CURVE });
  const certificate = await build(issuerOf(authority), { name, publicKey, dates, purpose });
  return { certificate, key: exported(privateKey) };
}

async function build(
  issuer: Issuer,
  parts: { name: string; publicKey: KeyObject; dates: Validity; purpose: Purpose },
): Promise<string> {
  const { buildCertificate } = await load();
  return pem("CERTIFICATE", buildCertificate(issuer, parts));
}

function issuerOf({ certificate, key }: KeyPair): Issuer {
  return { certificate: new X509Certificate(certificate).raw, key: createPrivateKey(key) };
}

async function keyOfRequest(request: string): Promise<KeyObject> {
  const { requestedKey } = await load();
  const [block, ...more] = pemBlocks(request);
  // RFC 7468 §7: the second name is that of old programs.
  if (block === undefined || more.length > 0 || !/^(?:NEW )?CERTIFICATE REQUEST$/.test(block.label)) {
    const found = block === undefined ? "none" : [block, ...more].map(({ label }) => label).join(", ");
    const expected = "expected one block CERTIFICATE REQUEST in PEM";
    throw new CertificateError("bad-request", `${expected}, found ${found.slice(0, 80)}`);
  }
  let key: KeyObject;
  try {
    key = requestedKey(block.bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CertificateError("bad-request", `the certificate request cannot be used: ${why}`, { cause });
  }
  checkKey(key);
  return key;
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

function exported(key: KeyObject): string {
  return String(key.export({ format: "pem", type: "pkcs8" }));
}
