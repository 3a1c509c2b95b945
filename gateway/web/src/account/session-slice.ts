import { createSlice, type PayloadAction } from "@reduxjs/toolkit";
import type { Scope, SessionView } from "@tram/protocol";

export type SessionState =
  /** Not known yet; `unreachable` once an attempt to ask has failed. */
  | { readonly phase: "asking"; readonly unreachable: boolean }
  | { readonly phase: "setup" }
  | { readonly phase: "signed-out"; readonly why?: "ended" | "set-up" }
  | { readonly phase: "signed-in"; readonly username: string; readonly scopes: readonly Scope[] };

/** Who looks at this page, as the gateway's cookie session says. */
export const sessionSlice = createSlice({
  name: "session",
  initialState: { phase: "asking", unreachable: false } as SessionState,
  reducers: {
    sessionKnown(_state, { payload }: PayloadAction<SessionView>): SessionState {
      if (payload.setupNeeded) return { phase: "setup" };
      if (payload.username === undefined) return { phase: "signed-out" };
      return { phase: "signed-in", username: payload.username, scopes: payload.scopes };
    },
    sessionUnreachable(state): SessionState {
      return state.phase === "asking" ? { phase: "asking", unreachable: true } : (state as SessionState);
    },
    signedOut(_state, { payload: why }: PayloadAction<"ended" | "set-up" | undefined>): SessionState {
      return why === undefined ? { phase: "signed-out" } : { phase: "signed-out", why };
    },
  },
});

export const { sessionKnown, sessionUnreachable, signedOut } = sessionSlice.actions;

/** True when the session may write properties. The gateway decides; this only hides what it would refuse. */
export function mayControl(session: SessionState): boolean {
  return (
    session.phase === "signed-in" && session.scopes.some((scope) => scope === "control" || scope === "admin")
  );
}

/** True when the session may change rules, and use Node-RED. */
export function mayAdminister(session: SessionState): boolean {
  return session.phase === "signed-in" && session.scopes.includes("admin");
}
