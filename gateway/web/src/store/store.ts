import { combineReducers, configureStore, type ThunkAction, type UnknownAction } from "@reduxjs/toolkit";
import { sessionSlice, signedOut } from "../account/session-slice.ts";
import type { ApiClient } from "../api/client.ts";
import { connectionSlice } from "../live/connection-slice.ts";
import { rulesSlice } from "../rules/rules-slice.ts";
import { noticesSlice } from "../shell/notices-slice.ts";
import { systemSlice } from "../system/system-slice.ts";
import type { Preferences } from "../theme/preferences.ts";
import { preferencesSlice } from "../theme/preferences-slice.ts";
import { commandsSlice } from "../things/commands-slice.ts";
import { thingsSlice } from "../things/things-slice.ts";

const combined = combineReducers({
  preferences: preferencesSlice.reducer,
  session: sessionSlice.reducer,
  connection: connectionSlice.reducer,
  things: thingsSlice.reducer,
  commands: commandsSlice.reducer,
  rules: rulesSlice.reducer,
  system: systemSlice.reducer,
  notices: noticesSlice.reducer,
});

export type AppState = ReturnType<typeof combined>;

/** Signing out forgets everything but the preferences: the next person may be somebody else. */
function reducer(state: Partial<AppState> | undefined, action: UnknownAction): AppState {
  if (state?.preferences === undefined || !signedOut.match(action)) return combined(state, action);
  return combined({ preferences: state.preferences }, action);
}

/** What thunks reach the outside world with. */
export interface Outside {
  readonly api: ApiClient;
  /** Calls `run` after a delay in milliseconds; returns what cancels it. */
  readonly later: (delayMs: number, run: () => void) => () => void;
  /** 0 to 1. */
  readonly random: () => number;
}

export type AppThunk<Result> = ThunkAction<Result, AppState, Outside, UnknownAction>;

export function createStore(outside: Outside, preferences: Preferences) {
  return configureStore({
    reducer,
    preloadedState: { preferences },
    // The checks walk the whole state at each action; with 1,000 Things they are slower than the page.
    middleware: (defaults) =>
      defaults({ thunk: { extraArgument: outside }, immutableCheck: false, serializableCheck: false }),
    devTools: false,
  });
}

export type AppDispatch = ReturnType<typeof createStore>["dispatch"];
