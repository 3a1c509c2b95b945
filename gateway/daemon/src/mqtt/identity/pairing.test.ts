import { StoreError } from "@tram/core";
import type { ClaimReply, Thing } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { client, identityRoom } from "./fixtures/identity-room.ts";
import { PAIR, PAIR_REPLY } from "./pair-topics.ts";
import { WRONG_CODES } from "./pairing-window.ts";

const LAMP = { id: "lamp", kind: "esp8266-homie" };

async function openRoom(options: Parameters<typeof identityRoom>[0] = {}, window: object = {}) {
  const room = await identityRoom(options);
  const code = room.identity.window.open({ minutes: 5, uses: 1, by: "minh", ...window });
  return { ...room, code };
}

function granted(reply: unknown): ClaimReply {
  expect(reply).toMatchObject({ password: expect.stringMatching(/^[2-9a-km-np-z]{32}$/) });
  return reply as ClaimReply;
}

describe("a claim", () => {
  test("with the code a device enters, asks, gets its own credential, and comes back with it", async () => {
    const { identity, broker, code, claim, login, store, told } = await openRoom();
    expect(await login(PAIR, "WRONG-CODE")).toEqual({ refused: "bad-credentials" });
    expect(await login(PAIR, ` ${code.toLowerCase().replaceAll("-", " ")}`)).toEqual({ account: PAIR });
    const asking = client(PAIR, { id: "esp-1" });
    const reply = granted(await claim(LAMP, asking));
    expect(reply).toEqual({ id: "lamp", username: "lamp", password: reply.password });
    expect(broker.sent).toEqual([
      { to: asking, message: expect.objectContaining({ topic: PAIR_REPLY, retain: false }) },
    ]);
    expect(await login("lamp", reply.password)).toEqual({ account: "lamp" });
    expect(await login("lamp", `${reply.password}x`)).toEqual({ refused: "bad-credentials" });
    expect(identity.mayPublish(client("lamp"), "homie/5/lamp/$state")).toBe(true);
    const written = JSON.stringify(store.commits);
    expect(written).not.toContain(reply.password);
    expect(written).not.toContain(code);
    expect(
      store.commits.find(({ operations }) =>
        operations.some((o) => "table" in o && o.table === "credentials"),
      ),
    ).toMatchObject({ durability: "power" });
    expect(await told()).toEqual([
      "pairing-opened pairing: 5 min, 1 device(s)",
      "login-refused pair: bad-credentials, on tcp",
      "credential-granted lamp: device, esp8266-homie",
      "pairing-closed pairing: all devices are in",
      "login-refused lamp: bad-credentials, on tcp",
    ]);
  });

  test("it is kept before it is sent, and nothing is sent of what was not kept", async () => {
    const { store, claim, code, login, broker } = await openRoom();
    store.failWith(new StoreError("full", "disk full"));
    expect(await claim(LAMP)).toEqual({ error: "not-stored", detail: expect.stringContaining("full") });
    store.failWith(undefined);
    const reply = granted(await claim(LAMP));
    expect(broker.sent).toHaveLength(2);
    const again = await identityRoom({ store });
    expect(await again.login("lamp", reply.password)).toEqual({ account: "lamp" });
    expect(await login(PAIR, code)).toEqual({ account: PAIR });
  });

  test("a code that is good once is good for one device, which may ask again until it has come back", async () => {
    const { claim, login } = await openRoom();
    const first = granted(await claim(LAMP));
    expect(await claim({ ...LAMP, id: "other" })).toMatchObject({ error: "used-up" });
    expect(await claim(LAMP, client(PAIR, { address: "10.0.0.8" }))).toMatchObject({ error: "used-up" });
    const second = granted(await claim(LAMP));
    expect(await login("lamp", first.password)).toEqual({ refused: "bad-credentials" });
    expect(await login("lamp", second.password)).toEqual({ account: "lamp" });
    expect(await claim(LAMP)).toMatchObject({ error: "closed" });
  });

  test("claims at the same time do not share one use, nor one id", async () => {
    const { identity, broker } = await openRoom();
    const replies = await Promise.all(
      ["a", "b", "b", "c"].map((id) => identity.claimWithCode("", { id, kind: "x" }, "10.0.0.7")),
    );
    expect(replies.every((reply) => "error" in reply && reply.error === "wrong-code")).toBe(true);
    const two = await openRoom({}, { uses: 2 });
    const results = await Promise.all(
      ["a", "b", "b", "c"].map((id) => two.identity.claimWithCode(two.code, { id, kind: "x" }, "10.0.0.7")),
    );
    expect(results.map((reply) => ("error" in reply ? reply.error : "granted"))).toEqual([
      "granted",
      "granted",
      "busy",
      "used-up",
    ]);
    expect(broker.sent).toEqual([]);
  });

  test("a credential that nobody got does not stay", async () => {
    const { identity, broker, claim, told, login } = await openRoom();
    broker.present = false; // The claim was the will of a connection that is gone.
    await claim(LAMP);
    expect(identity.credentials.get("lamp")).toBeUndefined();
    expect(await told()).toContain("credential-withdrawn lamp: ");
    broker.present = true;
    expect(await login("lamp", granted(await claim(LAMP)).password)).toEqual({ account: "lamp" });
  });

  test.each([
    ["", "bad-request"],
    ["null", "bad-request"],
    ["[]", "bad-request"],
    ['{"id":"lamp"}', "bad-request"],
    ['{"id":7,"kind":"x"}', "bad-request"],
    ['{"id":"lamp","kind":"x","role":"service"}', "bad-request"],
    ['{"id":"lamp","kind":"a b"}', "bad-request"],
    ['{"id":"lamp","kind":"x","csr":"-----BEGIN CERTIFICATE-----"}', "bad-request"],
    [`{"id":"lamp","kind":"x","csr":"${"x".repeat(20_000)}"}`, "bad-request"],
    ['{"id":"Lamp","kind":"x"}', "bad-id"],
    ['{"id":"../lamp","kind":"x"}', "bad-id"],
    ['{"id":"lamp/#","kind":"x"}', "bad-id"],
    ['{"id":"","kind":"x"}', "bad-id"],
    ['{"id":"pair","kind":"x"}', "reserved"],
    ['{"id":"anonymous","kind":"x"}', "reserved"],
    ['{"id":"house","kind":"x"}', "reserved"],
  ])("%s is answered with %s and a reason", async (payload, error) => {
    const { claim, identity } = await openRoom();
    expect(await claim(payload)).toEqual({ error, detail: expect.any(String) });
    expect([...identity.credentials.all()]).toEqual([]);
  });

  test("one connection may not ask for ever", async () => {
    const { claim } = await openRoom();
    const asking = client(PAIR);
    for (let count = 0; count < 10; count++)
      expect(await claim("", asking)).toMatchObject({ error: "bad-request" });
    expect(await claim(LAMP, asking)).toMatchObject({ error: "too-many" });
  });
});

describe("the window", () => {
  test("closes by itself, by the monotonic clock, and ends what hangs on its code", async () => {
    const { clock, identity, login, code, broker, claim, told } = await openRoom();
    clock.step(-20 * 365 * 86_400_000);
    expect(await login(PAIR, code)).toEqual({ account: PAIR });
    await clock.advance(5 * 60_000 - 1);
    expect(identity.window.state()).toMatchObject({ open: true, usesLeft: 1 });
    await clock.advance(1);
    expect(identity.window.state()).toEqual({ open: false });
    expect(broker.disconnected).toContainEqual({ username: PAIR, forget: true });
    expect(await login(PAIR, code)).toEqual({ refused: "not-authorized" });
    expect(await claim(LAMP)).toMatchObject({ error: "closed" });
    expect(await told()).toContain("pairing-closed pairing: the time is over");
  });

  test("a new one makes the old code void", async () => {
    const { identity, login, code } = await openRoom();
    const next = identity.window.open({ minutes: 1, uses: 1, by: "minh" });
    expect(await login(PAIR, code)).toEqual({ refused: "bad-credentials" });
    expect(await login(PAIR, next)).toEqual({ account: PAIR });
  });

  test("guesses close it, and wait; one old code over and over does not close it", async () => {
    const { clock, identity, login } = await openRoom({}, { minutes: 60 });
    const answers: unknown[] = [];
    for (let count = 0; count < 100; count++) {
      answers.push(await login(PAIR, "OLD-OLD-OLD"));
      await clock.advance(20_000);
    }
    expect(identity.window.isOpen).toBe(true);
    expect(answers).toContainEqual({ refused: "banned" });
    for (let count = 1; count < WRONG_CODES; count++) {
      expect(identity.window.isOpen).toBe(true);
      await login(PAIR, `AAA-AAA-${count + 100}`, { address: `10.0.1.${count}` });
    }
    expect(identity.window.isOpen).toBe(false);
  });

  test("for one id it is for that device alone", async () => {
    const { claim } = await openRoom({}, { id: "lamp" });
    expect(await claim({ ...LAMP, id: "other" })).toMatchObject({ error: "other-device" });
    granted(await claim(LAMP));
  });
});

describe("an id that is taken", () => {
  const THING: Thing = { id: "lamp", title: "Lamp", properties: {} };

  test("is not given to a newcomer, unless it may replace what is there", async () => {
    const { identity, claim, login, broker } = await openRoom({}, { uses: 10 });
    const first = granted(await claim(LAMP));
    await login("lamp", first.password);
    expect(await claim(LAMP)).toMatchObject({
      error: "taken",
      detail: expect.stringContaining("has a credential"),
    });
    identity.window.open({ minutes: 1, uses: 1, by: "minh", replace: "lamp" });
    const second = granted(await claim(LAMP));
    expect(broker.disconnected).toContainEqual({ username: "lamp", forget: true });
    expect(await login("lamp", first.password)).toEqual({ refused: "bad-credentials" });
    expect(await login("lamp", second.password)).toEqual({ account: "lamp" });
  });

  test("a Thing of somebody else, of a module, or an account of the configuration", async () => {
    const fixed = { username: "fan", password: "p", role: "device" } as const;
    const { identity, registry, transactions, claim } = await openRoom({ accounts: [fixed] }, { uses: 10 });
    await transactions.transact((unit) => {
      registry.announce(THING, "mqtt:probe", unit);
      registry.announce({ ...THING, id: "radio" }, "module:sim", unit);
    });
    expect(await claim(LAMP)).toMatchObject({ error: "taken" });
    expect(await claim({ ...LAMP, id: "radio" })).toMatchObject({ error: "taken" });
    expect(await claim({ ...LAMP, id: "fan" })).toMatchObject({ error: "taken" });
    for (const [id, error] of [
      ["lamp", undefined],
      ["radio", "taken"],
      ["fan", "taken"],
    ] as const) {
      identity.window.open({ minutes: 1, uses: 1, by: "minh", replace: id });
      expect(await claim({ ...LAMP, id }), id).toMatchObject(error === undefined ? { id } : { error });
    }
  });
});

test("an account is let in again where its own device speaks a dialect under its name", async () => {
  const { identity, registry, transactions, claim } = await openRoom({}, { uses: 10 });
  await claim(LAMP);
  await transactions.transact((unit) => {
    registry.announce({ id: "lamp", title: "Lamp", properties: {} }, "foreign:lamp", unit);
    registry.announce({ id: "pump", title: "Pump", properties: {} }, "foreign:lamp", unit);
  });
  for (const [id, error] of [
    ["lamp", undefined],
    ["pump", "taken"],
  ] as const) {
    identity.window.open({ minutes: 1, uses: 1, by: "minh", replace: id });
    expect(await claim({ ...LAMP, id }), id).toMatchObject(error === undefined ? { id } : { error });
  }
});

describe("a client certificate", () => {
  const CSR = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";

  test("needs an authority, and says so", async () => {
    const { claim, identity } = await openRoom();
    expect(await claim({ ...LAMP, csr: CSR })).toEqual({
      error: "no-ca",
      detail: "no certificate authority: tram ca init",
    });
    expect(identity.credentials.get("lamp")).toBeUndefined();
  });

  /** Of no use but to be read: serial number 0a:1b:2c:3d:4e:5f, common name lamp. */
  const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBZjCCAQ2gAwIBAgIGChssPU5fMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBGxh
bXAwIBcNMjYxMTI1MTk0NDIwWhgPMjEyNjExMDExOTQ0MjBaMA8xDTALBgNVBAMM
BGxhbXAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASC1ftaTTFKfMLfJ7ckq4aX
G6+/k9jhB4nu7FhEzSBvmEVuOedpi7in5uzg7j406sPtYtX/wu0eKBqGM2ZsW660
o1MwUTAdBgNVHQ4EFgQUWm+J2svuWQW0W4ri2htjaezg0UgwHwYDVR0jBBgwFoAU
Wm+J2svuWQW0W4ri2htjaezg0UgwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD
AgNHADBEAiAG4byI/I+SjG8Tp8BX3EPDnjkThiocCqW7w5zYdil/HgIgCk0/ljLP
WPBx4f7nrRwfsmBIYVQI2iKg3b6yICoTPpg=
-----END CERTIFICATE-----
`;

  test("comes with the credential, and opens the door for as long as that credential lives", async () => {
    const signed: string[][] = [];
    const { claim, identity, login } = await openRoom({
      signCsr: async (csr, id) => {
        signed.push([csr, id]);
        return { certificate: CERTIFICATE, ca: "the authority" };
      },
    });
    const reply = granted(await claim({ ...LAMP, csr: CSR }));
    expect(signed).toEqual([[CSR, "lamp"]]);
    expect(reply).toMatchObject({ certificate: CERTIFICATE, ca: "the authority" });
    const enter = (serial: string, commonName = "lamp", username?: string) =>
      login(username, undefined, { certificate: { commonName, serial } });
    expect(await enter("0A:1B:2C:3D:4E:5F")).toEqual({ account: "lamp" });
    expect(await enter("a1b2c3d4e5f", "lamp", "lamp")).toEqual({ account: "lamp" });
    expect(await enter("0A1B2C3D4E60")).toEqual({ refused: "not-authorized" });
    expect(await enter("0A1B2C3D4E5F", "other")).toEqual({ refused: "not-authorized" });
    expect(await enter("0A1B2C3D4E5F", "lamp", "other")).toEqual({ refused: "bad-credentials" });
    await identity.grants.revoke("lamp", "minh");
    expect(await enter("0A1B2C3D4E5F")).toEqual({ refused: "not-authorized" });
    identity.window.open({ minutes: 1, uses: 1, by: "minh" });
    granted(await claim(LAMP));
    expect(await enter("0A1B2C3D4E5F"), "an older certificate of the same name").toEqual({
      refused: "not-authorized",
    });
  });

  test("what the authority does not sign grants nothing", async () => {
    const { claim, identity } = await openRoom({
      signCsr: () => Promise.reject(new Error("the key is too short")),
    });
    expect(await claim({ ...LAMP, csr: CSR })).toEqual({
      error: "csr-refused",
      detail: "csr: the key is too short",
    });
    expect(identity.credentials.get("lamp")).toBeUndefined();
  });
});
