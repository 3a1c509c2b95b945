import type { TraceView } from "@tram/protocol";
import { signedOut } from "../account/session-slice.ts";
import type { AppThunk } from "../store/store.ts";

/** @returns the kept evaluations of a rule, newest first; `undefined` when they could not be read. */
export function fetchTraces(rule: string): AppThunk<Promise<readonly TraceView[] | undefined>> {
  return async (dispatch, _getState, { api }) => {
    const result = await api.traces(rule);
    if (result.ok) return result.value;
    if (result.problem.status === 401) dispatch(signedOut("ended"));
    return undefined;
  };
}
