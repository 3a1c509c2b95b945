import type { CloudCheckView } from "@tram/protocol";
import { useEffect, useMemo, useState } from "react";
import { useApi } from "../api/use-api.ts";
import type { CheckState } from "./check-report.tsx";

/** How often the page looks how far a check is. In milliseconds. */
const LOOK_MS = 1_000;

interface Watched {
  /** Of the cloud whose check runs. */
  readonly id: string | undefined;
  readonly state: CheckState;
}

/** What a check is told of. */
export interface Watch {
  begin(id: string): void;
  /** @param found `undefined` where there was none. */
  end(found: CloudCheckView | undefined): void;
  forget(): void;
}

/** A check as it goes: the request that has it done answers at its end, and what it has found by then is asked for. */
export function useCheck(): readonly [state: CheckState, watch: Watch] {
  const ask = useApi();
  const [{ id, state }, setWatched] = useState<Watched>({ id: undefined, state: undefined });
  const watch = useMemo<Watch>(
    () => ({
      begin: (begun) => setWatched({ id: begun, state: { runs: true, steps: [] } }),
      end: (found) => setWatched({ id: undefined, state: found && { runs: false, steps: found.steps } }),
      forget: () => setWatched({ id: undefined, state: undefined }),
    }),
    [],
  );
  useEffect(() => {
    if (id === undefined) return;
    let timer: ReturnType<typeof setTimeout>;
    let over = false;
    const look = async (): Promise<void> => {
      const result = await ask((api) => api.cloudProgress(id));
      if (over) return;
      // Unless it has ended meanwhile.
      const further = (before: Watched): Watched =>
        result.ok && before.id === id ? { id, state: { runs: true, steps: result.value.steps } } : before;
      setWatched(further);
      timer = setTimeout(() => void look(), LOOK_MS);
    };
    timer = setTimeout(() => void look(), LOOK_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [ask, id]);
  return [state, watch];
}
