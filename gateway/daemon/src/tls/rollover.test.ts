import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "@tram/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AuditEntry } from "../audit/audit-log.ts";
import { Authority } from "./authority.ts";
import { pemBlocks } from "./pem.ts";
import { verifyClient } from "./verify-client.ts";

let data: string;
let audit: AuditEntry[];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "tram-rollover-"));
  audit = [];
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const DAY_MS = 86_400_000;
const open = (clock: VirtualClock): Authority =>
  Authority.open({ data, clock, names: ["home"], audit: (entry) => void audit.push(entry) });
const file = (name: string, text: string): string => {
  const path = join(data, name);
  writeFileSync(path, text);
  return path;
};

/** The judgement of a client's certificate, as a listener asks for it. */
function judge(authority: Authority, clock: VirtualClock, certificate: string): unknown {
  const { revoked, trusted: authorities } = authority;
  const { trust } = clock;
  return verifyClient(new X509Certificate(certificate), { authorities, revoked, now: clock.now(), trust });
}

/** Whether a client that knows one authority alone takes the broker for what it is. */
function findsBroker(authority: Authority, known: string): boolean {
  const [leaf, ...rest] = pemBlocks(authority.server?.certificate ?? "");
  const shown =
    rest.length === 0 ? [] : ["-untrusted", file("rest.pem", rest.map(({ text }) => text).join(""))];
  const args = ["-x509_strict", "-purpose", "sslserver", "-verify_hostname", "home.lan", ...shown];
  try {
    const files = ["-CAfile", file("known.pem", known), file("leaf.pem", leaf?.text ?? "")];
    return execFileSync("openssl", ["verify", ...args, ...files], { stdio: "pipe" }).includes("OK");
  } catch {
    return false;
  }
}

describe("a new authority", () => {
  test("the one before counts for some days: for its clients, and for those that check the broker with it", async () => {
    const clock = new VirtualClock({ wall: Date.now() });
    const authority = open(clock);
    await authority.init("an");
    const old = authority.certificate ?? "";
    const pump = (await authority.issue("pump", "an")).certificate;
    expect(await authority.replace("an", 30)).toBe(true);
    await authority.look();
    const fan = (await authority.issue("fan", "an")).certificate;
    expect(authority.certificate).not.toBe(old);
    for (const it of [authority, open(clock)]) {
      expect([judge(it, clock, pump), judge(it, clock, fan)]).toMatchObject([
        { commonName: "pump" },
        { commonName: "fan" },
      ]);
      expect(findsBroker(it, old), "who knows the old one alone").toBe(true);
      expect(findsBroker(it, it.certificate ?? ""), "who knows the new one alone").toBe(true);
    }

    const ended: string[] = [];
    let changes = 0;
    using _ended = authority.onEnded((account) => ended.push(account));
    using _changed = authority.onChange(() => changes++);
    await clock.advance(29 * DAY_MS);
    await authority.look();
    expect([ended, changes]).toEqual([[], 0]);
    await clock.advance(2 * DAY_MS);
    expect(judge(authority, clock, pump), "before anybody looks").toMatchObject({
      refused: "it was not issued by this gateway",
    });
    await authority.look();
    expect([ended, changes]).toEqual([["pump"], 1]);
    expect(findsBroker(authority, old)).toBe(false);
    expect(findsBroker(authority, authority.certificate ?? "")).toBe(true);
    expect(audit.at(-1)).toMatchObject({ action: "certificate-revoked", subject: "pump", by: "gateway" });
    expect(judge(open(clock), clock, fan)).toMatchObject({ commonName: "fan" });
  });

  test("a second one would lock out the clients of the first: it waits, unless all is to be taken back", async () => {
    const clock = new VirtualClock();
    const authority = open(clock);
    await authority.init("an");
    const pump = (await authority.issue("pump", "an")).certificate;
    expect(await authority.replace("an", 30)).toBe(true);
    const fan = (await authority.issue("fan", "an")).certificate;
    const second = authority.certificate;
    expect(await authority.replace("an", 30)).toBe(false);
    expect(authority.certificate).toBe(second);
    const ended: string[] = [];
    using _ended = authority.onEnded((account) => ended.push(account));
    expect(await authority.replace("an", 0)).toBe(true);
    expect(ended).toEqual(["pump", "fan"]);
    const list = execFileSync("openssl", ["crl", "-noout", "-text"], { input: authority.revocationList });
    expect(String(list), "a list speaks for its own authority").toContain("No Revoked Certificates");
    for (const it of [authority, open(clock)]) {
      for (const certificate of [pump, fan]) {
        expect(judge(it, clock, certificate)).toMatchObject({ refused: expect.anything() });
      }
      expect(pemBlocks(it.server?.certificate ?? ""), "nobody vouches for it").toHaveLength(1);
    }
  });

  test("while nobody knows the time its days are not counted", async () => {
    const clock = new VirtualClock({ wall: 0, trust: "untrusted" });
    const authority = open(clock);
    await authority.init("an");
    const pump = (await authority.issue("pump", "an")).certificate;
    await authority.replace("an", 30);
    await clock.advance(60 * DAY_MS);
    await authority.look();
    expect(judge(authority, clock, pump)).toMatchObject({ commonName: "pump" });
    clock.step(Date.UTC(2027, 0, 1) - clock.now(), "synced");
    await authority.look();
    expect(judge(authority, clock, pump), "the days begin now").toMatchObject({ commonName: "pump" });
    await clock.advance(31 * DAY_MS);
    await authority.look();
    expect(judge(authority, clock, pump)).toMatchObject({ refused: expect.anything() });
  });

  test.each([["issued.json"], ["ca.key"], ["server.key"], ["crl.pem"]])(
    "broken off before %s is written: after the restart nobody is locked out",
    async (name) => {
      const clock = new VirtualClock({ wall: Date.now() });
      const before = open(clock);
      await before.init("an");
      const old = before.certificate ?? "";
      const pump = (await before.issue("pump", "an")).certificate;
      // What stands where the file is to be drafted keeps it from being written.
      const inTheWay = join(data, "tls", `${name}.new`, "x");
      mkdirSync(inTheWay, { recursive: true });
      await expect(before.replace("an", 30)).rejects.toMatchObject({ name: "StoreError" });
      expect(judge(before, clock, pump), "and before it").toMatchObject({ commonName: "pump" });
      rmSync(join(inTheWay, ".."), { recursive: true });

      const after = open(clock);
      await after.look();
      expect(judge(after, clock, pump)).toMatchObject({ commonName: "pump" });
      expect(findsBroker(after, old), "who knows the old one alone").toBe(true);
      expect(findsBroker(after, after.certificate ?? "")).toBe(true);
      const fan = (await after.issue("fan", "an")).certificate;
      expect(judge(open(clock), clock, fan)).toMatchObject({ commonName: "fan" });
      if (name === "issued.json" || name === "ca.key") expect(await after.replace("an", 30)).toBe(true);
    },
  );
});

describe("a disk that takes nothing", () => {
  test("a revocation holds all the same, is told, and is written when it can be", async () => {
    const clock = new VirtualClock();
    const authority = open(clock);
    await authority.init("an");
    const pump = (await authority.issue("pump", "an")).certificate;
    const inTheWay = join(data, "tls", "issued.json.new");
    mkdirSync(inTheWay);
    const ended: string[] = [];
    using _ended = authority.onEnded((account) => ended.push(account));
    await expect(authority.revoke("pump", "an")).rejects.toMatchObject({ name: "StoreError" });
    expect(ended).toEqual(["pump"]);
    expect(judge(authority, clock, pump)).toEqual({ refused: "it was revoked" });
    expect(judge(open(clock), clock, pump), "not kept yet").toMatchObject({ commonName: "pump" });
    await expect(authority.look()).rejects.toMatchObject({ name: "StoreError" });
    rmSync(inTheWay, { recursive: true });
    await authority.look();
    expect(judge(open(clock), clock, pump)).toEqual({ refused: "it was revoked" });
  });

  test("no certificate is given that nobody could take back, and no authority that a restart would forget", async () => {
    const clock = new VirtualClock();
    mkdirSync(join(data, "tls", "ca.key.new"), { recursive: true });
    const authority = open(clock);
    await expect(authority.init("an")).rejects.toMatchObject({ name: "StoreError" });
    expect([authority.exists, open(clock).exists]).toEqual([false, false]);
    rmSync(join(data, "tls", "ca.key.new"), { recursive: true });
    await authority.init("an");
    mkdirSync(join(data, "tls", "issued.json.new"));
    await expect(authority.issue("pump", "an")).rejects.toMatchObject({ name: "StoreError" });
    expect(authority.issued).toEqual([]);
  });
});

test("a certificate that came in while nobody knew the time goes out when it turns out to have expired", async () => {
  const clock = new VirtualClock({ wall: 0, trust: "untrusted" });
  const authority = open(clock);
  await authority.init("an");
  await authority.issue("pump", "an");
  const ended: string[] = [];
  using _ended = authority.onEnded((account) => ended.push(account));
  clock.step(Date.UTC(2045, 0, 1), "untrusted");
  await authority.look();
  expect(ended, "it may be any year").toEqual([]);
  clock.step(0, "synced");
  await authority.issue("fan", "an");
  await authority.look();
  await authority.look();
  expect(ended).toEqual(["pump"]);
});
