import type { RuleView, TraceView } from "@tram/protocol";
import { useCallback, useEffect, useRef, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppDispatch } from "../store/hooks.ts";
import { fetchTraces } from "./fetch-traces.ts";
import { TraceItem } from "./trace-item.tsx";
import { keyTraces, mergeTraces } from "./traces.ts";

type History =
  | { readonly state: "loading" }
  | { readonly state: "failed" }
  | { readonly state: "loaded"; readonly traces: readonly TraceView[] };

/** The evaluations of a rule that the gateway keeps, newest first. */
export function TraceHistory({ rule }: { readonly rule: RuleView }) {
  const { t } = useI18n();
  const dispatch = useAppDispatch();
  const [history, setHistory] = useState<History>({ state: "loading" });
  const request = useRef(0);
  const load = useCallback(async () => {
    const mine = ++request.current;
    const traces = await dispatch(fetchTraces(rule.id));
    if (mine !== request.current) return;
    setHistory(traces === undefined ? { state: "failed" } : { state: "loaded", traces });
  }, [dispatch, rule.id]);

  useEffect(() => {
    void load();
    return () => {
      request.current += 1;
    };
  }, [load]);

  const traces = history.state === "loaded" ? mergeTraces(history.traces, rule.lastTrace) : [];
  return (
    <div className="history">
      <div role="status">
        {history.state === "loading" ? <p className="muted">{t("app.loading")}</p> : null}
        {history.state === "failed" ? <p className="card-problem">{t("rules.tracesFailed")}</p> : null}
        {history.state === "loaded" && traces.length === 0 ? (
          <p className="muted">{t("rules.noTraces")}</p>
        ) : null}
      </div>
      <ol className="traces">
        {keyTraces(traces).map(({ key, trace }) => (
          <li key={key}>
            <TraceItem trace={trace} />
          </li>
        ))}
      </ol>
      {history.state === "loading" ? null : (
        <button type="button" className="button" onClick={() => void load()}>
          {t("rules.refresh")}
        </button>
      )}
    </div>
  );
}
