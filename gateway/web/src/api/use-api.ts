import { useMemo } from "react";
import { signedOut } from "../account/session-slice.ts";
import { useAppDispatch } from "../store/hooks.ts";
import type { AppThunk } from "../store/store.ts";
import type { ApiClient, ApiResult } from "./client.ts";

type Ask = <Value>(call: (api: ApiClient) => Promise<ApiResult<Value>>) => Promise<ApiResult<Value>>;

function ask<Value>(
  call: (api: ApiClient) => Promise<ApiResult<Value>>,
): AppThunk<Promise<ApiResult<Value>>> {
  return async (dispatch, _getState, { api }) => {
    const result = await call(api);
    if (!result.ok && result.problem.status === 401) dispatch(signedOut("ended"));
    return result;
  };
}

/** Calls the gateway from a component; a session that has ended leads to the door. */
export function useApi(): Ask {
  const dispatch = useAppDispatch();
  return useMemo<Ask>(() => (call) => dispatch(ask(call)), [dispatch]);
}
