import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KeyPair, makeAuthority, makeRequest, signRequest } from "./certificates.ts";
import { pem } from "./pem.ts";

/** Requests come from whoever knows the pairing code: nothing in them may end the gateway, or pass unread. */
const DATES = { notBefore: new Date(Date.UTC(2026, 0, 1)), notAfter: new Date(Date.UTC(2036, 0, 1)) };

let folder: string;
let authority: KeyPair;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tram-csr-"));
  authority = await makeAuthority("a house", DATES);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const signed = (request: string): Promise<string> =>
  signRequest(authority, request, { id: "pump", validity: DATES });

/** A request as OpenSSL makes it. */
function request(key: readonly string[], ...options: string[]): string {
  const file = join(folder, "key.pem");
  execFileSync("openssl", ["genpkey", "-out", file, ...key], { stdio: "pipe" });
  const args = ["req", "-new", "-key", file, "-subj", "/O=elsewhere/CN=other", ...options];
  return execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" });
}
const curve = (name: string): readonly string[] => [
  "-algorithm",
  "EC",
  "-pkeyopt",
  `ec_paramgen_curve:${name}`,
];

describe("a request made by OpenSSL", () => {
  test.each([
    ["P-256", curve("P-256"), []],
    ["P-384", curve("P-384"), ["-sha384"]],
    ["P-521", curve("P-521"), ["-sha512"]],
    ["RSA", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], []],
    [
      "one with attributes",
      curve("P-256"),
      ["-addext", "basicConstraints=CA:TRUE", "-addext", "subjectAltName=DNS:home"],
    ],
  ])("%s: the key is taken, and nothing else", async (_name, key, options) => {
    const certificate = new X509Certificate(await signed(request(key, ...options)));
    const own = execFileSync("openssl", ["pkey", "-in", join(folder, "key.pem"), "-pubout"], {
      encoding: "utf8",
    });
    expect(certificate.publicKey.export({ format: "pem", type: "spki" })).toBe(own);
    expect([certificate.subject, certificate.ca, certificate.subjectAltName]).toEqual([
      "CN=pump",
      false,
      undefined,
    ]);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  });

  test.each([
    [
      "Ed25519",
      ["-algorithm", "ED25519"],
      [],
      "bad-request",
      /expected a signature of ECDSA or RSA .* found 1\.3\.101\.112/,
    ],
    ["SHA-1", curve("P-256"), ["-sha1"], "bad-request", /expected a signature/],
    ["a curve of its own", curve("secp256k1"), [], "weak-key", /expected RSA of 2048 bits/],
    [
      "RSA of 1,024 bits",
      ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
      [],
      "weak-key",
      /expected RSA of 2048/,
    ],
  ] as const)("%s is refused, with what was expected", async (_name, key, options, code, message) => {
    await expect(signed(request(key, ...options))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

describe("bytes from outside", () => {
  const refused = { name: "CertificateError", code: "bad-request" };

  test("any bytes and any text get an error in words", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 400 }).map((bytes) => pem("CERTIFICATE REQUEST", bytes)),
      // What looks like DER gets deeper.
      fc
        .array(fc.constantFrom(0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x80, 0x82, 0xa0, 0xff, 0x00, 0x01), {
          maxLength: 200,
        })
        .map((bytes) => pem("CERTIFICATE REQUEST", Uint8Array.from(bytes))),
    );
    await fc.assert(
      fc.asyncProperty(text, async (request) => {
        await expect(signed(request)).rejects.toMatchObject(refused);
      }),
      { numRuns: 500 },
    );
  });

  test("nesting as deep as the longest request allows ends nothing", async () => {
    for (const tag of [0x30, 0xa0, 0x24]) {
      const bytes = Buffer.alloc(6_000);
      // Indefinite lengths: the shortest way down.
      for (let at = 0; at < bytes.length; at += 2) bytes.set([tag, 0x80], at);
      await expect(signed(pem("CERTIFICATE REQUEST", bytes))).rejects.toMatchObject(refused);
    }
  });

  test("a request that is cut off anywhere is refused", async () => {
    const whole = request(curve("P-256"));
    const bytes = Buffer.from(whole.replace(/-----[^-]+-----|\s/g, ""), "base64");
    for (let length = 1; length < bytes.length; length += 7) {
      await expect(signed(pem("CERTIFICATE REQUEST", bytes.subarray(0, length)))).rejects.toMatchObject(
        refused,
      );
    }
  });

  test("another block than a request, or more than one, is refused with its name", async () => {
    const certificate = authority.certificate;
    await expect(signed(certificate)).rejects.toThrow(
      /expected one block CERTIFICATE REQUEST in PEM, found CERTIFICATE/,
    );
    const key = readFileSync(join(folder, "key.pem"), "utf8");
    const one = request(curve("P-256"));
    await expect(signed(key + one)).rejects.toThrow(/found PRIVATE KEY, CERTIFICATE REQUEST/);
    await expect(signed(one + one)).rejects.toMatchObject(refused);
    await expect(signed("")).rejects.toThrow(/found none/);
  });

  test("a key that the sender does not have is not certified", async () => {
    const [one, other] = [request(curve("P-256")), request(curve("P-256"))].map((text) =>
      Buffer.from(text.replace(/-----[^-]+-----|\s/g, ""), "base64"),
    );
    // The same length: the point of one key under the signature of the other.
    const at = (bytes: Buffer): number => bytes.indexOf(Buffer.from("03420004", "hex")) + 4;
    if (one === undefined || other === undefined) throw new Error("no requests");
    one.copy(other, at(other), at(one), at(one) + 64);
    await expect(signed(pem("CERTIFICATE REQUEST", other))).rejects.toThrow(
      /its signature is not that of its key/,
    );
  });
});

describe("a request of ours", () => {
  test("is one to OpenSSL and to ourselves, for our key and with our name", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const text = await makeRequest(privateKey, "farm \u1ea5");
    const file = join(folder, "ours.csr");
    writeFileSync(file, text);
    const options = ["-in", file, "-noout", "-subject", "-pubkey", "-verify", "-nameopt", "utf8"];
    const said = execFileSync("openssl", ["req", ...options], { encoding: "utf8", stdio: "pipe" });
    const own = String(createPublicKey(privateKey).export({ format: "pem", type: "spki" }));
    expect(said).toContain(own);
    expect(said).toMatch(/CN ?= ?farm \u1ea5/);
    expect(new X509Certificate(await signed(text)).checkPrivateKey(privateKey)).toBe(true);
    expect(text).not.toContain("PRIVATE");
  });

  test("that was changed on its way is not signed by its key", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const text = await makeRequest(privateKey, "farm");
    const bytes = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ""), "base64");
    const at = bytes.indexOf("farm");
    bytes.write("evil", at);
    await expect(signed(pem("CERTIFICATE REQUEST", bytes))).rejects.toThrow(/not that of its key/);
  });
});
