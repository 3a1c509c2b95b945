import type { CloudView } from "@tram/protocol";
import { useCallback, useEffect, useState } from "react";
import type { ApiProblem } from "../api/client.ts";
import { useApi } from "../api/use-api.ts";

export interface CloudsState {
  /** Undefined until it was read, and for those who may not. */
  readonly clouds: readonly CloudView[] | undefined;
  readonly failure: ApiProblem | undefined;
}

/**
 * What administrators see of the clouds beside their bridges.
 * @param occasion reads it anew whenever it changes.
 */
export function useClouds(
  administers: boolean,
  occasion: string,
): readonly [state: CloudsState, look: () => Promise<void>] {
  const ask = useApi();
  const [state, setState] = useState<CloudsState>({ clouds: undefined, failure: undefined });
  const look = useCallback(async () => {
    const result = await ask((api) => api.clouds());
    setState(({ clouds }) =>
      result.ok ? { clouds: result.value, failure: undefined } : { clouds, failure: result.problem },
    );
  }, [ask]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the occasion is what it is read for
  useEffect(() => {
    if (administers) void look();
  }, [administers, look, occasion]);
  return [state, look];
}
