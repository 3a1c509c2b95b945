import type { SetupRequest, SignInRequest } from "@tram/protocol";
import type { ApiProblem } from "../api/client.ts";
import { retryDelayMs } from "../live/backoff.ts";
import type { AppThunk } from "../store/store.ts";
import { sessionKnown, sessionUnreachable, signedOut } from "./session-slice.ts";

/** Asks who is signed in, until the gateway answers. */
export function loadSession(attempt = 0): AppThunk<Promise<void>> {
  return async (dispatch, _getState, { api, later, random }) => {
    const result = await api.session();
    if (result.ok) {
      dispatch(sessionKnown(result.value));
    } else if (result.problem.status === 401) {
      dispatch(signedOut(undefined));
    } else {
      dispatch(sessionUnreachable());
      later(retryDelayMs(attempt, random()), () => void dispatch(loadSession(attempt + 1)));
    }
  };
}

/** @returns why it failed, or `undefined`. */
export function signIn(request: SignInRequest): AppThunk<Promise<ApiProblem | undefined>> {
  return async (dispatch, _getState, { api }) => {
    const result = await api.signIn(request);
    if (!result.ok) return result.problem;
    await dispatch(loadSession());
    return undefined;
  };
}

/**
 * Creates the first administrator, which also signs in.
 * @returns why it failed, or `undefined`.
 */
export function setUp(request: SetupRequest): AppThunk<Promise<ApiProblem | undefined>> {
  return async (dispatch, _getState, { api }) => {
    const result = await api.setUp(request);
    // Somebody else was first: the window is closed, and signing in is what is left.
    if (!result.ok && result.problem.status === 409) dispatch(signedOut("set-up"));
    if (!result.ok) return result.problem;
    await dispatch(loadSession());
    return undefined;
  };
}

/** Signs out; when the gateway does not answer, the session stays and the page says so by staying too. */
export function signOut(): AppThunk<Promise<void>> {
  return async (dispatch, _getState, { api }) => {
    const result = await api.signOut();
    if (result.ok || result.problem.status === 401) dispatch(signedOut(undefined));
  };
}

/** @returns false only when the gateway says that nobody is signed in; silence proves nothing. */
export function checkSession(): AppThunk<Promise<boolean>> {
  return async (_dispatch, _getState, { api }) => {
    const result = await api.session();
    return result.ok ? result.value.username !== undefined : result.problem.status !== 401;
  };
}
