import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CERTIFICATE } from "./pem.fixture.ts";
import { LONGEST_PEM, readPem } from "./pem.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 1_024 });
const PKCS8 = ec.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const SEC1 = ec.privateKey.export({ format: "pem", type: "sec1" }).toString();
const PKCS1 = rsa.privateKey.export({ format: "pem", type: "pkcs1" }).toString();
const PUBLIC = ec.publicKey.export({ format: "pem", type: "spki" }).toString();
const lock = { cipher: "aes-256-cbc", passphrase: "mở ra" } as const;
const LOCKED = ec.privateKey.export({ format: "pem", type: "pkcs8", ...lock }).toString();
const LOCKED_LONG_AGO = rsa.privateKey.export({ format: "pem", type: "pkcs1", ...lock }).toString();
const CURVE = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
const REQUEST = CERTIFICATE.replaceAll("CERTIFICATE", "CERTIFICATE REQUEST");

describe("PEM that is what is needed", () => {
  it.each([
    ["a key in PKCS #8", PKCS8],
    ["a key of OpenSSL's", SEC1],
    ["an RSA key as AWS makes it", PKCS1],
  ])("%s is taken as it is", (_name, text) => {
    expect(readPem(text, "private-key")).toEqual({ ok: true, text, count: 1 });
  });

  it("a certificate is taken, and a chain of them, without what is written around it", () => {
    expect(readPem(CERTIFICATE, "certificate")).toEqual({ ok: true, text: CERTIFICATE, count: 1 });
    const chain = `Bag Attributes\n  friendlyName: claim\n${CERTIFICATE}\nissuer=CN = root\n${CERTIFICATE}bye`;
    expect(readPem(chain, "certificate")).toEqual({ ok: true, text: CERTIFICATE.repeat(2), count: 2 });
  });

  it("the curve before a key is left out", () => {
    expect(readPem(CURVE + SEC1, "private-key")).toEqual({ ok: true, text: SEC1, count: 1 });
  });

  it.each([
    ["with the line ends of Windows", PKCS8.replaceAll("\n", "\r\n")],
    ["in one line", PKCS8.trim().replaceAll("\n", " ")],
    ["indented by a mail", PKCS8.replace(/^/gm, "   ")],
  ])("a key that was copied %s is mended", (_name, text) => {
    expect(readPem(text, "private-key")).toEqual({ ok: true, text: PKCS8, count: 1 });
  });
});

describe("what is not needed is told by its kind", () => {
  const half = (text: string): string => text.slice(0, text.length / 2);
  const lineMissing = PKCS1.split("\n").toSpliced(4, 1).join("\n");
  it.each([
    ["nothing", "", "private-key", "not-pem"],
    ["a binary certificate", "0\u0082\u0003<0\u0082", "certificate", "not-pem"],
    ["the first half of a key", half(PKCS8), "private-key", "broken"],
    ["a key with a line too few", lineMissing, "private-key", "broken"],
    ["a certificate and half of another", CERTIFICATE + half(CERTIFICATE), "certificate", "broken"],
    ["the curve alone", CURVE, "private-key", "broken"],
    ["a key for a certificate", PKCS8, "certificate", "key-inside"],
    ["both for a certificate", CERTIFICATE + PKCS1, "certificate", "key-inside"],
    ["a locked key for a certificate", LOCKED_LONG_AGO, "certificate", "key-inside"],
    ["a certificate for a key", CERTIFICATE, "private-key", "certificate-inside"],
    ["both for a key", PKCS8 + CERTIFICATE, "private-key", "certificate-inside"],
    ["the public key", PUBLIC, "private-key", "public-key"],
    ["the public key for a certificate", PUBLIC, "certificate", "public-key"],
    ["a locked key", LOCKED, "private-key", "encrypted"],
    ["a key that OpenSSL locked", LOCKED_LONG_AGO, "private-key", "encrypted"],
    ["two keys", PKCS8 + PKCS1, "private-key", "several"],
    ["a certificate request", REQUEST, "certificate", "other"],
    ["a book", "x".repeat(LONGEST_PEM + 1), "certificate", "too-large"],
  ] as const)("%s", (_name, text, kind, fault) => {
    expect(readPem(text, kind)).toEqual({ ok: false, fault });
  });

  it("is a chain that is too large once its lines are whole", () => {
    const [begin = "", ...rest] = CERTIFICATE.trim().split("\n");
    const end = rest.pop() ?? "";
    const tight = `${begin}${rest.join("")}${end}`;
    const count = Math.floor(LONGEST_PEM / tight.length);
    expect(readPem(tight.repeat(count), "certificate")).toEqual({ ok: false, fault: "too-large" });
  });

  it("a key that lacks any of its characters is never taken", () => {
    const inside = PKCS8.indexOf("\n") + 1;
    const end = PKCS8.indexOf("\n-----END");
    fc.assert(
      fc.property(fc.integer({ min: inside, max: end - 1 }), fc.integer({ min: 1, max: 80 }), (at, count) => {
        const cut = PKCS8.slice(0, at) + PKCS8.slice(Math.min(at + count, end));
        const missing = PKCS8.slice(at, Math.min(at + count, end)).trim();
        expect(readPem(cut, "private-key").ok).toBe(missing === "");
      }),
    );
  });

  it("no text is too odd to be looked at, nor takes long", () => {
    const line = fc.constantFrom(
      "-----BEGIN A-----",
      "-----END A-----",
      "-----",
      "-",
      "AAAA",
      "\n",
      "BEGIN ",
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 2_000 }), (lines) => {
        expect(readPem(lines.join(""), "certificate").ok).toBe(false);
      }),
    );
  });
});
