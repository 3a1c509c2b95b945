import { Transactions } from "@tram/core";
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
    const { StoreError } = await import("@tram/core");
    store.failWith(new StoreError("full", "disk full"));
    await expect(people.setUp(code, "minh", PASSWORD)).rejects.toThrow("disk full");
    expect(people.setupNeeded).toBe(true);
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
