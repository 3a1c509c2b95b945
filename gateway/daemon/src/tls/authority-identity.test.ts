import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import { VirtualClock } from "@tram/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, openDoor, specOf } from "../mqtt/listeners/testing/door.ts";
import { Authority } from "./authority.ts";
import { identityOfAuthority } from "./authority-identity.ts";
import { type KeyPair, makeAuthority, makeClient, makeServer } from "./certificates.ts";
import { readBundle } from "./key-bundle.ts";

/** Real handshakes, against listeners as the gateway opens them. */
const NOW = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const NAMES = { dns: ["localhost"], ips: ["127.0.0.1"] };

let data: string;
let clock: VirtualClock;
let authority: Authority;
/** The authority's own key, to make with it what it would never make. */
let own: KeyPair;
let door: Door;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "tram-mtls-"));
  clock = new VirtualClock({ wall: NOW });
  authority = Authority.open({ data, clock, names: ["home"], audit: () => undefined });
  await authority.init("an");
  own = readBundle(readFileSync(join(data, "tls", "ca.key"), "utf8"), "ca.key");
  door = await openDoor([specOf({ protocol: "mqtts", clientCertificates: "required" })], {
    tls: identityOfAuthority(authority, clock),
  });
});

afterAll(async () => {
  await door[Symbol.asyncDispose]();
  rmSync(data, { recursive: true, force: true });
});

beforeEach(() => {
  door.lines.length = 0;
  door.logins.length = 0;
  clock.step(NOW - clock.now(), "synced");
});

const around = (from: number, to: number) => ({
  notBefore: new Date(NOW + from * DAY_MS),
  notAfter: new Date(NOW + to * DAY_MS),
});

/** A CONNECT of 3.1.1 with a clean session and an id of one letter. */
const CONNECT = Buffer.from("100d00044d5154540402000000016c", "hex");

function dial(options: ConnectionOptions): TLSSocket {
  const ca = authority.certificate;
  // The broker's certificate is that of the test's time, not of the machine's.
  const socket = tlsConnect({
    port: door.port("door"),
    host: "127.0.0.1",
    ca,
    checkServerIdentity: () => undefined,
    rejectUnauthorized: false,
    ...options,
  });
  socket.on("error", () => undefined);
  return socket;
}

/** Knocks with a certificate. @returns whether it is let in; then the door knows as whom. */
async function knock(shown: KeyPair | undefined, options: ConnectionOptions = {}): Promise<boolean> {
  const socket = dial({ ...(shown && { cert: shown.certificate, key: shown.key }), ...options });
  socket.once("secureConnect", () => socket.write(CONNECT));
  const answer = await new Promise<boolean>((resolve) => {
    socket.once("data", (bytes) => resolve(bytes[0] === 0x20 && bytes[3] === 0));
    socket.once("close", () => resolve(false));
  });
  socket.destroy();
  return answer;
}

/** Why the door stayed shut, as the log tells; once a minute for an address, hence a fresh door for each. */
async function refusal(shown: KeyPair): Promise<string> {
  await using fresh = await openDoor([specOf({ protocol: "mqtts", clientCertificates: "required" })], {
    tls: identityOfAuthority(authority, clock),
  });
  expect(await knock(shown, { port: fresh.port("door") })).toBe(false);
  expect(fresh.logins).toEqual([]);
  return fresh.lines.join("\n");
}

describe.each(["TLSv1.2", "TLSv1.3"] as const)("%s", (version) => {
  const only = { minVersion: version, maxVersion: version };

  test("a certificate of the house is its account, with the serial number that it was given", async () => {
    const pump = await authority.issue("pump", "an");
    expect(await knock(pump, only)).toBe(true);
    const serial = authority.issued.at(-1)?.serial;
    expect(door.logins[0]?.certificate).toEqual({ commonName: "pump", serial });
    expect(await knock(undefined, only)).toBe(false);
  });

  test("a certificate without its key lets nobody in", async () => {
    const victim = await authority.issue("victim", "an");
    expect(await knock(victim, only), "with its key").toBe(true);
    const thief = withForeignKey(victim);
    expect(door.logins).toHaveLength(1);
    expect(await knock(thief, only)).toBe(false);
    expect(door.logins).toHaveLength(1);
    expect(door.lines, "it is the handshake that fails").toEqual([]);
  });

  test("a session is not taken up again", async () => {
    const again = await authority.issue("again", "an");
    const options = { ...only, cert: again.certificate, key: again.key };
    const first = dial(options);
    const sessions: Buffer[] = [];
    first.on("session", (session) => sessions.push(session));
    await new Promise((resolve) =>
      first.once("secureConnect", () => first.write(CONNECT)).once("data", resolve),
    );
    const known = first.getSession();
    if (known !== undefined) sessions.push(known);
    expect(sessions.length).toBeGreaterThan(0);
    for (const session of sessions) {
      const second = dial({ ...options, session });
      await new Promise((resolve) => second.once("secureConnect", resolve));
      expect(second.isSessionReused()).toBe(false);
      second.destroy();
    }
    first.destroy();
  });
});

test("TLS 1.1 is not spoken", async () => {
  const pump = await authority.issue("pump", "an");
  const old = { ciphers: "ALL:@SECLEVEL=0", minVersion: "TLSv1.1", maxVersion: "TLSv1.1" } as const;
  expect(await knock(pump, old)).toBe(false);
  expect(door.logins).toEqual([]);
});

/** Whatever the clock is worth, these do not come in. */
describe.each(["synced", "untrusted"] as const)("%s clock: refused is", (trust) => {
  beforeEach(() => clock.step(0, trust));

  test("a certificate of another authority, of the same name even", async () => {
    const name = new X509Certificate(authority.certificate ?? "").subject.replace("CN=", "");
    const impostor = await makeAuthority(name, around(-1, 1));
    expect(await refusal(await makeClient(impostor, "pump", around(-1, 1)))).toMatch(
      /not issued by this gateway/,
    );
  });

  test("one that says something else since it was signed", async () => {
    const { certificate, key } = await authority.issue("pump", "an");
    const bytes = new X509Certificate(certificate).raw;
    bytes.write("well", bytes.indexOf("pump"));
    const changed = new X509Certificate(bytes);
    expect(changed.subject).toBe("CN=well");
    expect(await refusal({ certificate: changed.toString(), key })).toMatch(/not issued by this gateway/);
  });

  test("one that its owner has signed", async () => {
    expect(await refusal(await makeAuthority("pump", around(-1, 1)))).toMatch(/not issued by this gateway/);
  });

  test("that of a broker", async () => {
    expect(await refusal(await makeServer(own, NAMES, around(-1, 1)))).toMatch(/not for clients/);
    expect(await refusal(authority.server ?? own)).toMatch(/not for clients/);
  });

  test("that of the authority itself", async () => {
    expect(await refusal(own)).toMatch(/it is the certificate of an authority/);
  });

  test("one that a client's certificate has signed", async () => {
    const pump = await authority.issue("pump", "an");
    const made = await makeClient(pump, "valve", around(-1, 1));
    expect(await refusal({ ...made, certificate: made.certificate + pump.certificate })).toMatch(
      /not issued/,
    );
  });

  test("one that was revoked", async () => {
    const pump = await authority.issue("revoked", "an");
    expect(await knock(pump)).toBe(true);
    await authority.revoke("revoked", "an");
    expect(await refusal(pump)).toMatch(/it was revoked/);
  });
});

describe("dates", () => {
  test("decide when the clock is believed", async () => {
    expect(await refusal(await makeClient(own, "late", around(-9, -1)))).toMatch(/it has expired/);
    expect(await refusal(await makeClient(own, "early", around(1, 9)))).toMatch(/not valid before/);
    clock.step(0, "holdover");
    expect(await refusal(await makeClient(own, "late", around(-9, -1)))).toMatch(/it has expired/);
  });

  test("decide nothing when it is not", async () => {
    clock.step(0, "untrusted");
    for (const days of [around(-9, -1), around(1, 9)])
      expect(await knock(await makeClient(own, "pump", days))).toBe(true);
    clock.step(-NOW, "untrusted");
    expect(await knock(await authority.issue("pump", "an")), "in 1970").toBe(true);
  });
});

test("clients of the authority before this one still come in, and are shown a way to check the broker", async () => {
  const known = authority.certificate ?? "";
  const pump = await authority.issue("pump", "an");
  await authority.replace("an", 30);
  expect(await knock(pump)).toBe(true);
  const socket = dial({ ca: known, cert: pump.certificate, key: pump.key });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const shown = socket.getPeerCertificate(true);
  const bridge = new X509Certificate(shown.issuerCertificate.raw);
  expect(new X509Certificate(shown.raw).verify(bridge.publicKey)).toBe(true);
  expect(bridge.verify(new X509Certificate(known).publicKey)).toBe(true);
  socket.destroy();
});

/**
 * Certificate of one, key of another, told to be a pair: OpenSSL compares the public keys alone, and an EC key brings its
 * own along (RFC 5915 §3).
 */
function withForeignKey({ certificate, key }: KeyPair): KeyPair {
  const point = (of: KeyObject): Buffer => of.export({ format: "der", type: "sec1" }).subarray(-65);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const foreign = Buffer.from(privateKey.export({ format: "der", type: "sec1" }));
  point(createPrivateKey(key)).copy(foreign, foreign.length - 65);
  const forged = createPrivateKey({ key: foreign, format: "der", type: "sec1" });
  return { certificate, key: String(forged.export({ format: "pem", type: "sec1" })) };
}
