import { StoreError, Transactions } from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { People, SESSION_MS, SETUP, SIGN_IN } from "./people.ts";

const PASSWORD = "mot mat khau dai";
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function room(store = new MemoryStore(), clock = new VirtualClock()) {
  const people = new People({ clock, transactions: new Transactions(store, silent, () => undefined) });
  return { store, clock, people };
}

async function withAdmin() {
  const parts = room();
  const code = parts.people.openSetup() ?? "";
  const result = await parts.people.setUp(code, "minh", PASSWORD);
  if (!result.ok) throw new Error(result.code);
  return { ...parts, session: result.session };
}

describe("set-up", () => {
  test("the code is taken as people type it, once", async () => {
    const { people } = room();
    const code = people.openSetup() ?? "";
    expect(code).toMatch(/^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$/);
    expect(await people.setUp(` ${code.toLowerCase().replace("-", " ")}`, "minh", PASSWORD)).toMatchObject({
      ok: true,
    });
    expect(people.openSetup()).toBeUndefined();
    expect(await people.setUp(code, "eve", PASSWORD)).toEqual({ ok: false, code: "not-needed" });
  });

  test("it expires after its time and after its guesses", async () => {
    const late = room();
    const code = late.people.openSetup() ?? "";
    await late.clock.advance(SETUP.windowMs + 1);
    expect(await late.people.setUp(code, "minh", PASSWORD)).toEqual({ ok: false, code: "expired" });

    const guessed = room();
    const other = guessed.people.openSetup() ?? "";
    for (let count = 0; count < SETUP.guesses; count++) {
      expect(await guessed.people.setUp("AAAA-AAAA", "eve", PASSWORD)).toEqual({
        ok: false,
        code: "wrong-code",
      });
    }
    expect(await guessed.people.setUp(other, "minh", PASSWORD)).toEqual({ ok: false, code: "expired" });
  });

  test("what the store did not keep does not exist", async () => {
    const { people, store } = room();
    const code = people.openSetup() ?? "";
    store.failWith(new StoreError("full", "disk full"));
    await expect(people.setUp(code, "minh", PASSWORD)).rejects.toThrow("disk full");
    expect(people.setupNeeded).toBe(true);
  });
});

describe("while the store keeps nothing", () => {
  const FULL = new StoreError("full", "disk full");

  test("nobody becomes administrator, now or later, and the code stays good", async () => {
    const { people, store, clock } = room();
    const code = people.openSetup() ?? "";
    store.failWith(FULL);
    await expect(people.setUp(code, "minh", PASSWORD)).rejects.toBe(FULL);
    store.failWith(undefined);
    await people.visit({ name: "luci-root", scopes: ["read"] }); // With it goes whatever is owed to the store.
    const afterRestart = room(store, clock).people;
    await afterRestart.restore(store);
    expect(afterRestart.setupNeeded).toBe(true);
    expect(await people.setUp(code, "minh", PASSWORD)).toMatchObject({ ok: true, lasting: true });
    expect([...(await store.entries("users")).keys()]).toEqual(["minh"]);
  });

  test("people can sign in to see why, for as long as the gateway runs", async () => {
    const { people, store } = await withAdmin();
    store.failWith(FULL);
    const result = await people.signIn("minh", PASSWORD, "a");
    if (!result.ok) throw new Error(result.code);
    expect(result.lasting).toBe(false);
    expect(people.bySession(result.session)).toMatchObject({ name: "minh" });
    const visit = await people.visit({ name: "luci-root", scopes: ["read"] });
    expect(visit.lasting).toBe(false);
    expect(people.bySession(visit.session)).toEqual({ name: "luci-root", scopes: ["read"] });
  });

  test("rights end at once, and for good once the store is well again", async () => {
    const { people, store, clock, session } = await withAdmin();
    const { id, token } = await people.createToken("panel", ["read"]);
    let told = 0;
    using _listener = people.onRevoked(() => told++);
    store.failWith(FULL);
    await expect(people.revokeToken(id)).rejects.toBe(FULL);
    await expect(people.signOut(session)).rejects.toBe(FULL);
    expect([people.byToken(token), people.bySession(session), told]).toEqual([undefined, undefined, 2]);
    store.failWith(undefined);
    expect(await people.signIn("minh", PASSWORD, "a")).toMatchObject({ ok: true, lasting: true });
    const afterRestart = room(store, clock).people;
    await afterRestart.restore(store);
    expect([afterRestart.byToken(token), afterRestart.bySession(session)]).toEqual([undefined, undefined]);
  });

  test("no token is made", async () => {
    const { people, store } = await withAdmin();
    store.failWith(FULL);
    await expect(people.createToken("panel", ["read"])).rejects.toBe(FULL);
    store.failWith(undefined);
    await people.signIn("minh", PASSWORD, "a");
    expect(people.tokens()).toEqual([]);
    expect((await store.entries("tokens")).size).toBe(0);
  });
});

describe("sessions and tokens", () => {
  test("survive a restart; the store holds no secret in clear", async () => {
    const { store, clock, people, session } = await withAdmin();
    const { token } = await people.createToken("panel", ["control"]);
    const written = JSON.stringify(store.commits);
    for (const secret of [PASSWORD, session, token]) expect(written).not.toContain(secret);
    const again = room(store, clock).people;
    await again.restore(store);
    expect(again.bySession(session)).toMatchObject({ name: "minh" });
    expect(again.byToken(token)).toEqual({ name: "token-panel", scopes: ["read", "control"] });
    expect(again.bySession(`${session}x`)).toBeUndefined();
    expect(again.byToken("x".repeat(27))).toBeUndefined();
  });

  test("end by time, by sign-out and by revocation, and live connections are told", async () => {
    const { clock, people, session } = await withAdmin();
    let told = 0;
    using _listener = people.onRevoked(() => told++);
    const { id, token } = await people.createToken("panel", ["read"]);
    expect(await people.revokeToken(id)).toBe(true);
    expect(await people.revokeToken(id)).toBe(false);
    expect(people.byToken(token)).toBeUndefined();
    await people.signOut(session);
    expect(people.bySession(session)).toBeUndefined();
    expect(told).toBe(2);
    const result = await people.signIn("minh", PASSWORD, "a");
    if (!result.ok) throw new Error(result.code);
    clock.step(SESSION_MS + 1);
    expect(people.bySession(result.session)).toBeUndefined();
  });

  test("wrong passwords from one address have to wait; another address does not", async () => {
    const { clock, people } = await withAdmin();
    for (let count = 0; count < SIGN_IN.failures; count++) {
      expect(await people.signIn("minh", "wrong", "a")).toEqual({ ok: false, code: "wrong" });
    }
    expect(await people.signIn("minh", PASSWORD, "a")).toMatchObject({ ok: false, code: "too-many" });
    expect(await people.signIn("minh", PASSWORD, "b")).toMatchObject({ ok: true });
    await clock.advance(SIGN_IN.waitMs + 1);
    expect(await people.signIn("minh", PASSWORD, "a")).toMatchObject({ ok: true });
  });
});
