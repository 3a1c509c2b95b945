import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AuditEntry } from "../audit/audit-log.ts";
import { Authority } from "./authority.ts";
import { pemBlocks } from "./pem.ts";
import { verifyClient } from "./verify-client.ts";

let data: string;
let audit: AuditEntry[];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "tram-tls-"));
  audit = [];
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const DAY_MS = 86_400_000;
const open = (clock: VirtualClock, names = ["home"]): Authority =>
  Authority.open({ data, clock, names, audit: (entry) => void audit.push(entry) });
const openssl = (...args: string[]): string =>
  execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" });
const file = (name: string, text: string): string => {
  const path = join(data, name);
  writeFileSync(path, text);
  return path;
};

describe("an authority", () => {
  test("is made once, is there after a restart, and nobody else can read its keys", async () => {
    const clock = new VirtualClock();
    const authority = open(clock);
    expect([authority.exists, await authority.init("an")]).toEqual([false, true]);
    expect(await authority.init("an"), "again").toBe(false);
    expect(open(clock).certificate).toBe(authority.certificate);
    for (const name of ["ca.key", "server.key"])
      expect(statSync(join(data, "tls", name)).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, "tls")).mode & 0o777).toBe(0o700);
    expect(audit).toMatchObject([
      { action: "authority-created", by: "an" },
      { action: "broker-certificate-renewed", by: "an" },
    ]);
    expect(JSON.stringify(audit)).not.toContain("PRIVATE");
  });

  test("makes what openssl finds right: the broker by its names, a client, and the list of what is revoked", async () => {
    const authority = open(new VirtualClock({ wall: Date.now() }));
    await authority.init("an");
    const ca = file("ca.pem", authority.certificate ?? "");
    const server = file("server.pem", authority.server?.certificate ?? "");
    expect(
      openssl(
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-verify_hostname",
        "home.lan",
        "-CAfile",
        ca,
        server,
      ),
    ).toContain("OK");
    expect(openssl("verify", "-verify_ip", "127.0.0.1", "-CAfile", ca, server)).toContain("OK");
    const { certificate } = await authority.issue("pump", "an");
    const client = file("client.pem", certificate);
    expect(openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", ca, client)).toContain("OK");
    await authority.revoke("pump", "an");
    const crl = file("crl.pem", authority.revocationList);
    expect(() => openssl("verify", "-crl_check", "-CAfile", ca, "-CRLfile", crl, client)).toThrow(
      /certificate revoked/,
    );
    expect(openssl("crl", "-noout", "-crlnumber", "-in", crl)).toMatch(/=(?:0x)?0?2\b/);
    const other = file("other.pem", (await authority.issue("fan", "an")).certificate);
    expect(openssl("verify", "-crl_check", "-CAfile", ca, "-CRLfile", crl, other)).toContain("OK");
  });

  test("signs the request of a client for the name that it is given, whatever the request says", async () => {
    const authority = open(new VirtualClock());
    await authority.init("an");
    const key = join(data, "own.key");
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key);
    const request = openssl(
      "req",
      "-new",
      "-key",
      key,
      "-subj",
      "/CN=somebody-else",
      "-addext",
      "basicConstraints=CA:TRUE",
    );
    const certificate = new X509Certificate(await authority.sign(request, "pump", "pair"));
    expect([certificate.subject, certificate.ca]).toEqual(["CN=pump", false]);
    expect(certificate.checkPrivateKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)).toBe(
      false,
    );
  });

  test("refuses a request with a weak key, a broken signature, or none of it", async () => {
    const authority = open(new VirtualClock());
    await authority.init("an");
    const key = join(data, "weak.key");
    openssl("genrsa", "-out", key, "1024");
    const weak = openssl("req", "-new", "-key", key, "-subj", "/CN=a");
    await expect(authority.sign(weak, "a", "pair")).rejects.toMatchObject({ code: "weak-key" });
    const strong = join(data, "strong.key");
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", strong);
    const good = openssl("req", "-new", "-key", strong, "-subj", "/CN=a");
    const bytes = Buffer.from(good.replace(/-----[^-]+-----|\s/g, ""), "base64");
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const broken = Buffer.from(bytes);
        broken[at] = (broken[at] ?? 0) ^ change;
        const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${broken.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
        // What is not covered by the signature may be read leniently; key and name are what they were all the same.
        const outcome = await authority.sign(pem, "a", "pair").catch((error: unknown) => error);
        if (typeof outcome !== "string") expect(outcome).toMatchObject({ name: "CertificateError" });
        else {
          const { publicKey, subject } = new X509Certificate(outcome);
          expect([publicKey.equals(createPublicKey(readFileSync(strong))), subject]).toEqual([true, "CN=a"]);
        }
      }),
      { numRuns: 150 },
    );
    for (const nothing of [
      "",
      "x",
      "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----",
    ]) {
      await expect(authority.sign(nothing, "a", "pair")).rejects.toMatchObject({ code: "bad-request" });
    }
  });

  test("takes back by account or by serial number, once, and tells", async () => {
    const authority = open(new VirtualClock());
    await authority.init("an");
    const ended: string[] = [];
    using _listening = authority.onEnded((account) => ended.push(account));
    await authority.issue("pump", "an");
    await authority.issue("pump", "an");
    await authority.issue("fan", "an");
    expect(await authority.revoke("pump", "an")).toHaveLength(2);
    expect(await authority.revoke("pump", "an")).toEqual([]);
    const serial = authority.issued[2]?.serial.toUpperCase().match(/../g)?.join(":") ?? "";
    expect(await authority.revoke(serial, "an")).toMatchObject([{ id: "fan" }]);
    expect(ended).toEqual(["pump", "fan"]);
    expect(open(new VirtualClock()).revoked.size).toBe(3);
  });

  test("makes a new certificate for the broker when its names change, and not otherwise", async () => {
    const clock = new VirtualClock();
    const authority = open(clock);
    await authority.init("an");
    const first = authority.server?.certificate;
    await authority.look();
    expect(authority.server?.certificate).toBe(first);
    const renamed = open(clock, ["cottage"]);
    await renamed.look();
    expect(new X509Certificate(renamed.server?.certificate ?? "").checkHost("cottage.lan")).toBe(
      "cottage.lan",
    );
    await clock.advance(750 * DAY_MS);
    const before = renamed.server?.certificate;
    await renamed.look();
    expect(renamed.server?.certificate, "soon to expire").not.toBe(before);
  });

  test.each(["ca.key", "issued.json"])("a broken or missing %s is an error that names it", async (name) => {
    const path = join(data, "tls", name);
    await open(new VirtualClock()).init("an");
    for (const text of ["nonsense", "{}", ""]) {
      writeFileSync(path, text);
      expect(() => open(new VirtualClock()), text).toThrow(path);
      expect(readFileSync(path, "utf8"), "nothing takes its place").toBe(text);
    }
    rmSync(path);
    // Without its key there is no authority; without its ledger nobody knows what was revoked.
    if (name === "ca.key") expect(open(new VirtualClock()).exists).toBe(false);
    else expect(() => open(new VirtualClock())).toThrow(path);
  });

  test("a key beside the certificate of another is an error; the broker's own pair is made anew", async () => {
    const authority = open(new VirtualClock());
    await authority.init("an");
    const [one, other] = ["ca.key", "server.key"].map((name) =>
      pemBlocks(readFileSync(join(data, "tls", name), "utf8")),
    );
    const mixed = `${one?.[0]?.text}${other?.[1]?.text}`;
    writeFileSync(join(data, "tls", "server.key"), mixed);
    const again = open(new VirtualClock());
    await again.look();
    expect(new X509Certificate(again.server?.certificate ?? "").checkHost("home")).toBe("home");
    writeFileSync(join(data, "tls", "ca.key"), mixed);
    expect(() => open(new VirtualClock())).toThrow(/ca\.key: expected the certificate of the key/);
  });
});

describe("the clock", () => {
  test("untrusted: certificates are made that are valid when the time is known, and dates decide nothing", async () => {
    const clock = new VirtualClock({ wall: 0, trust: "untrusted" });
    const authority = open(clock);
    await authority.init("an");
    const { certificate } = await authority.issue("pump", "an");
    const parsed = new X509Certificate(certificate);
    const judge = (now: number, trust: "untrusted" | "synced"): unknown =>
      verifyClient(parsed, { authorities: authority.trusted, revoked: authority.revoked, now, trust });
    expect(judge(0, "untrusted")).toMatchObject({ commonName: "pump" });
    expect(judge(Date.UTC(2027, 0, 1), "synced")).toMatchObject({ commonName: "pump" });
    expect(judge(0, "synced")).toMatchObject({ refused: expect.stringContaining("not valid before") });
    expect(judge(Date.UTC(2050, 0, 1), "synced")).toMatchObject({
      refused: expect.stringContaining("expired"),
    });
    expect(judge(Date.UTC(2050, 0, 1), "untrusted")).toMatchObject({ commonName: "pump" });
    await authority.revoke("pump", "an");
    expect(judge(0, "untrusted"), "revocation needs no clock").toMatchObject({ refused: "it was revoked" });
  });
});
