import type { RuleView } from "@tram/protocol";
import { memo, useId, useMemo, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { AgeText } from "../live/age-text.tsx";
import { Chip, type Tone } from "../shell/chip.tsx";
import { type Complaint, Complaints } from "../shell/complaints.tsx";
import { SlotText } from "../shell/slot-text.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { LastGoodNote } from "./last-good-note.tsx";
import { LazyWhy } from "./lazy-why.tsx";
import { RuleTools } from "./rule-tools.tsx";
import { TraceHistory } from "./trace-history.tsx";
import { TraceItem } from "./trace-item.tsx";
import { useTraces } from "./use-traces.ts";
import { WhyNotLine } from "./why-not-line.tsx";

const TONES: Readonly<Record<RuleView["status"], Tone>> = {
  active: "good",
  disabled: "plain",
  unavailable: "bad",
};

interface Props {
  readonly id: string;
  /** Tells people who do not see it what happened. */
  readonly announce: (text: string) => void;
}

/** One rule: whether it works, what it does now, and why it last fired or did not. */
export const RuleCard = memo(function RuleCard({ id, announce }: Props) {
  const { t } = useI18n();
  const headingId = useId();
  const historyId = useId();
  const whyId = useId();
  const [open, setOpen] = useState(false);
  const [asks, setAsks] = useState(false);
  const rule = useAppSelector((state) => state.rules[id]);
  const last = rule?.lastTrace;
  const latest = useMemo(() => (last === undefined ? [] : [last]), [last]);
  if (rule === undefined) return null;
  const title = rule.title ?? rule.id;
  return (
    <li className="card rule">
      <article aria-labelledby={headingId}>
        <header className="card-header">
          <h2 id={headingId} tabIndex={-1}>
            {title}
          </h2>
          {rule.running > 0 ? <Chip tone="info">{t("rules.running", { count: rule.running })}</Chip> : null}
          {rule.paused === undefined ? null : <Chip tone="warn">{t("rules.paused")}</Chip>}
          {rule.switched === undefined ? null : <Chip tone="plain">{t("rules.byHand")}</Chip>}
          {(rule.labels ?? []).map((label) => (
            <Chip key={label} tone="plain">
              {label}
            </Chip>
          ))}
          <Chip tone={TONES[rule.status]}>{t(`rules.status.${rule.status}`)}</Chip>
        </header>
        <p className="card-note">
          {rule.title === undefined ? null : `${rule.id} · `}
          {t("rules.file", { file: rule.file })} ·{" "}
          {rule.lastFired === undefined ? (
            t("rules.neverFired")
          ) : (
            <SlotText text={(slot) => t("rules.lastFired", { age: slot })}>
              <AgeText iso={rule.lastFired} />
            </SlotText>
          )}
        </p>
        {rule.paused === undefined ? null : <p className="card-problem">{rule.paused.reason}</p>}
        <LastGoodNote rule={rule} />
        <Complaints title={t("rules.problems")} tone="bad" level={3} list={complaints(rule.problems)} />
        <Complaints title={t("rules.warnings")} tone="warn" level={3} list={complaints(rule.warnings)} />
        {last === undefined ? null : (
          <section className="last-trace">
            <h3>{t("rules.lastTrace")}</h3>
            <TraceItem trace={last} />
            <WhyNotLine traces={latest} />
          </section>
        )}
        <div className="rule-tools">
          <button
            type="button"
            className="button disclosure"
            aria-expanded={open}
            aria-controls={open ? historyId : undefined}
            aria-label={t("rules.historyOf", { rule: title })}
            onClick={() => setOpen(!open)}
          >
            {t("rules.history")}
          </button>
          <button
            type="button"
            className="button disclosure"
            aria-expanded={asks}
            aria-controls={asks ? whyId : undefined}
            aria-label={t("why.of", { rule: title })}
            onClick={() => setAsks(!asks)}
          >
            {t("rules.whyNot")}
          </button>
          <RuleTools rule={rule} title={title} announce={announce} />
        </div>
        {asks ? (
          <div id={whyId}>
            <LazyWhy rule={id} />
          </div>
        ) : null}
        {open ? (
          <div id={historyId}>
            <OpenHistory rule={rule} />
          </div>
        ) : null}
      </article>
    </li>
  );
});

function OpenHistory({ rule }: { readonly rule: RuleView }) {
  return <TraceHistory {...useTraces(rule)} />;
}

function complaints(list: RuleView["problems"]): Complaint[] {
  return list.map(({ path, problem }) => ({ where: path, problem }));
}
