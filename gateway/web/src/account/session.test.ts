import type { SessionView } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import type { ApiClient, ApiProblem, ApiResult } from "../api/client.ts";
import { createStore } from "../store/store.ts";
import { mayControl } from "./session-slice.ts";
import { checkSession, loadSession, setUp, signIn, signOut } from "./session-thunks.ts";

const failed = (status: number): { ok: false; problem: ApiProblem } => ({
  ok: false,
  problem: { status, code: `http-${status}`, errors: [] },
});
const done: ApiResult<void> = { ok: true, value: undefined };
const known = (view: Partial<SessionView>): ApiResult<SessionView> => ({
  ok: true,
  value: { setupNeeded: false, scopes: [], ...view },
});

function storeWith(api: Partial<ApiClient>) {
  const timers: { delayMs: number; run: () => void }[] = [];
  const store = createStore(
    {
      api: api as ApiClient,
      later(delayMs, run) {
        timers.push({ delayMs, run });
        return () => undefined;
      },
      random: () => 0,
    },
    { language: "vi", theme: "dark" },
  );
  return { store, timers };
}

describe("session", () => {
  it.each([
    [{ setupNeeded: true }, "setup"],
    [{}, "signed-out"],
    [{ username: "admin", scopes: ["admin" as const] }, "signed-in"],
  ])("%j leads to %s", async (view, phase) => {
    const { store } = storeWith({ session: async () => known(view) });
    await store.dispatch(loadSession());
    expect(store.getState().session.phase).toBe(phase);
  });

  it("asks again, more slowly each time, while the gateway does not answer", async () => {
    const { store, timers } = storeWith({ session: async () => failed(0) });
    await store.dispatch(loadSession());
    await store.dispatch(loadSession(1));
    expect(store.getState().session).toEqual({ phase: "asking", unreachable: true });
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([500, 1_000]);
  });

  it("signs in and out, and keeps nothing but the preferences", async () => {
    const { store } = storeWith({
      signIn: async () => done,
      signOut: async () => done,
      session: async () => known({ username: "admin", scopes: ["read"] }),
    });
    expect(await store.dispatch(signIn({ username: "admin", password: "x" }))).toBeUndefined();
    expect(mayControl(store.getState().session)).toBe(false);
    await store.dispatch(signOut());
    expect(store.getState().session).toEqual({ phase: "signed-out" });
    expect(store.getState().preferences).toEqual({ language: "vi", theme: "dark" });
  });

  it("reports why signing in failed", async () => {
    const { store } = storeWith({ signIn: async () => failed(401) });
    expect(await store.dispatch(signIn({ username: "a", password: "b" }))).toMatchObject({ status: 401 });
  });

  it("goes to sign-in when somebody else has set the gateway up", async () => {
    const { store } = storeWith({ setUp: async () => failed(409) });
    await store.dispatch(setUp({ code: "x", username: "a", password: "long enough" }));
    expect(store.getState().session).toEqual({ phase: "signed-out", why: "set-up" });
  });

  it("takes silence for no answer, and only the gateway's word for signed out", async () => {
    const check = (session: ApiResult<SessionView>) =>
      storeWith({ session: async () => session }).store.dispatch(checkSession());
    expect(await check(failed(0))).toBe(true);
    expect(await check(failed(502))).toBe(true);
    expect(await check(known({ username: "a" }))).toBe(true);
    expect(await check(failed(401))).toBe(false);
    expect(await check(known({}))).toBe(false);
  });

  it("lets control and admin write", () => {
    const scoped = (scope: "read" | "control" | "admin") =>
      mayControl({ phase: "signed-in", username: "a", scopes: [scope] });
    expect([scoped("read"), scoped("control"), scoped("admin")]).toEqual([false, true, true]);
  });
});
