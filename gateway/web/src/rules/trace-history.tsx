import { groupTraces } from "@tram/protocol";
import { useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { TraceItem } from "./trace-item.tsx";
import { keyTraces } from "./traces.ts";
import type { Traces } from "./use-traces.ts";

/** More than this are shown when somebody asks. */
const SHOWN = 10;

/** The evaluations of a rule, newest first. */
export function TraceHistory({ state, traces, refresh }: Traces) {
  const { t } = useI18n();
  const [all, setAll] = useState(false);
  const keyed = keyTraces(groupTraces(traces));
  return (
    <div className="history">
      <div role="status">
        {state === "loading" ? <p className="muted">{t("app.loading")}</p> : null}
        {state === "failed" ? <p className="card-problem">{t("rules.tracesFailed")}</p> : null}
        {state === "loaded" && traces.length === 0 ? <p className="muted">{t("rules.noTraces")}</p> : null}
      </div>
      <ol className="traces">
        {(all ? keyed : keyed.slice(0, SHOWN)).map(({ key, group: { head, steps } }) => (
          <li key={key}>
            <TraceItem trace={head} />
            {steps.length === 0 ? null : (
              <ol className="trace-steps" aria-label={t("trace.run")}>
                {steps.map((step, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a run only grows at its end
                  <li key={index}>
                    <TraceItem trace={step} />
                  </li>
                ))}
              </ol>
            )}
          </li>
        ))}
      </ol>
      {!all && keyed.length > SHOWN ? (
        <button type="button" className="button" onClick={() => setAll(true)}>
          {t("rules.moreTraces", { count: keyed.length })}
        </button>
      ) : null}
      {state === "failed" ? (
        <button type="button" className="button" onClick={refresh}>
          {t("rules.refresh")}
        </button>
      ) : null}
    </div>
  );
}
