import type { RuleView, TraceView } from "@tram/protocol";
import { useCallback, useEffect, useRef, useState } from "react";
import { later } from "../live/later.ts";
import { useAppDispatch } from "../store/hooks.ts";
import { fetchTraces } from "./fetch-traces.ts";
import { mergeTraces } from "./traces.ts";

/** An event makes several traces; they are fetched together. In milliseconds. */
const TOGETHER_MS = 250;

export interface Traces {
  readonly state: "loading" | "failed" | "loaded";
  /** Newest first. */
  readonly traces: readonly TraceView[];
  readonly refresh: () => void;
}

/** The evaluations of a rule that the gateway keeps, live: fetched again when the rule tells of a new one. */
export function useTraces(rule: RuleView | undefined): Traces {
  const dispatch = useAppDispatch();
  const [state, setState] = useState<Traces["state"]>("loading");
  const [fetched, setFetched] = useState<readonly TraceView[]>([]);
  const request = useRef(0);
  const id = rule?.id;
  const latest = rule?.lastTrace;

  const load = useCallback(async () => {
    if (id === undefined) return;
    const mine = ++request.current;
    const traces = await dispatch(fetchTraces(id));
    if (mine !== request.current) return;
    setState(traces === undefined ? "failed" : "loaded");
    // Those that are known stay when the gateway does not answer.
    if (traces !== undefined) setFetched(traces);
  }, [dispatch, id]);

  useEffect(() => {
    void load();
    return () => {
      request.current += 1;
    };
  }, [load]);

  const known = useRef(latest);
  useEffect(() => {
    if (known.current === latest) return;
    known.current = latest;
    return later(TOGETHER_MS, () => void load());
  }, [latest, load]);

  return { state, traces: mergeTraces(fetched, latest), refresh: () => void load() };
}
