import type { MappingProposals, MappingView } from "@tram/protocol";
import { useCallback, useEffect, useState } from "react";
import type { ApiProblem } from "../api/client.ts";
import { useApi } from "../api/use-api.ts";

/** How often the page looks for topics that are new. In milliseconds. */
const LOOK_MS = 5_000;

export interface TopicsState {
  /** Undefined until it was read. */
  readonly mappings: readonly MappingView[] | undefined;
  readonly heard: MappingProposals | undefined;
  readonly failure: ApiProblem | undefined;
}

/** The mappings, and what nobody has yet; looked at now and then while `active`. */
export function useTopics(active: boolean): readonly [state: TopicsState, look: () => Promise<void>] {
  const ask = useApi();
  const [state, setState] = useState<TopicsState>({
    mappings: undefined,
    heard: undefined,
    failure: undefined,
  });
  const look = useCallback(async () => {
    const [mappings, heard] = await Promise.all([
      ask((api) => api.mappings()),
      ask((api) => api.mappingProposals()),
    ]);
    setState((before) => ({
      mappings: mappings.ok ? mappings.value : before.mappings,
      heard: heard.ok ? heard.value : before.heard,
      failure: mappings.ok ? (heard.ok ? undefined : heard.problem) : mappings.problem,
    }));
  }, [ask]);
  useEffect(() => {
    if (!active) return;
    void look();
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [active, look]);
  return [state, look];
}
