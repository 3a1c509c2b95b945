import { expect, it } from "vitest";
import { sessionKnown } from "../account/session-slice.ts";
import type { ApiClient, ApiResult } from "../api/client.ts";
import { createStore } from "../store/store.ts";
import { setProperty } from "./set-property.ts";

function storeAnswering(result: ApiResult<void>) {
  const sent: unknown[] = [];
  const timers: (() => void)[] = [];
  const api: Partial<ApiClient> = {
    async setProperty(...args) {
      sent.push(args);
      return result;
    },
  };
  const store = createStore(
    {
      api: api as ApiClient,
      later(_delayMs, run) {
        timers.push(run);
        return () => undefined;
      },
      random: () => 0,
    },
    { language: "en", theme: "auto" },
  );
  store.dispatch(sessionKnown({ setupNeeded: false, username: "admin", scopes: ["admin"] }));
  return { store, sent, timers };
}

it("sends the value and stops waiting when nothing is heard", async () => {
  const { store, sent, timers } = storeAnswering({ ok: true, value: undefined });
  await store.dispatch(setProperty("lamp", "lamp/on", true));
  expect(sent).toEqual([["lamp", "lamp/on", true]]);
  expect(store.getState().commands["lamp/lamp/on"]?.phase).toBe("taken");
  for (const run of timers) run();
  expect(store.getState().commands["lamp/lamp/on"]).toMatchObject({ phase: "refused", code: "no-word" });
});

it("shows the gateway's refusal", async () => {
  const problem = { status: 422, code: "invalid-value", detail: "expected at most 30, found 31", errors: [] };
  const { store } = storeAnswering({ ok: false, problem });
  await store.dispatch(setProperty("lamp", "lamp/on", true));
  expect(store.getState().commands["lamp/lamp/on"]).toMatchObject({
    phase: "refused",
    code: "invalid-value",
    reason: "expected at most 30, found 31",
  });
});

it("goes to sign-in when the session has ended, and forgets what was seen", async () => {
  const { store } = storeAnswering({ ok: false, problem: { status: 401, code: "unauthorised", errors: [] } });
  await store.dispatch(setProperty("lamp", "lamp/on", true));
  expect(store.getState().session).toEqual({ phase: "signed-out", why: "ended" });
  expect(store.getState().commands).toEqual({});
});
