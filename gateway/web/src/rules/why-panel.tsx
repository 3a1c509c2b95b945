import type { WhyTrigger, WhyView } from "@tram/protocol";
import { useEffect, useState } from "react";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { InstantText } from "../live/instant-text.tsx";
import { Chip, type Tone } from "../shell/chip.tsx";
import { bareValueText } from "../things/value-text.ts";
import { CheckList } from "./check-list.tsx";

const TONES: Readonly<Record<WhyTrigger["status"], Tone>> = {
  true: "info",
  false: "plain",
  waits: "info",
  held: "warn",
  planned: "info",
  never: "warn",
  idle: "plain",
  unknown: "warn",
  asleep: "warn",
};

type State = { readonly why: WhyView } | { readonly problem: string } | undefined;

/** Why a rule does not fire now, as the gateway explains it: each trigger, each condition, each run under way. */
export function WhyPanel({ rule }: { readonly rule: string }) {
  const { t } = useI18n();
  const ask = useApi();
  const [state, setState] = useState<State>();
  const [round, setRound] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when somebody asks again
  useEffect(() => {
    let wanted = true;
    void ask((api) => api.why(rule)).then((result) => {
      if (wanted) setState(result.ok ? { why: result.value } : { problem: problemText(result.problem, t) });
    });
    return () => {
      wanted = false;
    };
  }, [rule, round]);

  return (
    <section className="why-panel" aria-label={t("rules.whyNot")}>
      <div role="status">
        {state === undefined ? <p className="muted">{t("app.loading")}</p> : null}
        {state !== undefined && "problem" in state ? <p className="card-problem">{state.problem}</p> : null}
        {state !== undefined && "why" in state ? (
          <p className="why-not" lang="en">
            {state.why.headline}
          </p>
        ) : null}
      </div>
      {state !== undefined && "why" in state ? <Answer why={state.why} /> : null}
      <button type="button" className="button" onClick={() => setRound(round + 1)}>
        {t("why.again")}
      </button>
    </section>
  );
}

function Answer({ why }: { readonly why: WhyView }) {
  const { t } = useI18n();
  const { conditions, runs, triggers, unknown } = why;
  return (
    <>
      {triggers.length === 0 ? null : <h3>{t("why.triggers")}</h3>}
      <ul className="why-triggers">
        {triggers.map((trigger) => (
          <li key={`${trigger.trigger} ${trigger.wants}`}>
            <Trigger trigger={trigger} />
          </li>
        ))}
      </ul>
      {conditions.length === 0 ? null : <h3>{t("why.conditions")}</h3>}
      <CheckList checks={conditions} />
      {runs.length === 0 ? null : <h3>{t("why.runs")}</h3>}
      <ul>
        {runs.map(({ doing, id }) => (
          <li key={id} lang="en">
            {doing}
          </li>
        ))}
      </ul>
      {unknown.map((what) => (
        <p key={what} className="muted" lang="en">
          {what}
        </p>
      ))}
    </>
  );
}

function Trigger({ trigger: { next, seen, status, verdict, wants } }: { readonly trigger: WhyTrigger }) {
  const i18n = useI18n();
  const { t } = i18n;
  return (
    <>
      <p className="trace-line">
        <Chip tone={TONES[status]}>{t(`why.status.${status}`)}</Chip>
        <code>{wants}</code>
        {seen === undefined || seen === null ? null : (
          <span className="muted">{t("trace.seen", { value: bareValueText(seen, i18n) })}</span>
        )}
        {next === undefined ? null : <InstantText iso={next} />}
      </p>
      {verdict === undefined ? null : (
        <p className="trace-detail muted" lang="en">
          {verdict}
        </p>
      )}
    </>
  );
}
