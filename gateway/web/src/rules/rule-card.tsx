import type { RuleView } from "@tram/protocol";
import { memo, useId, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { AgeText } from "../live/age-text.tsx";
import { Chip, type Tone } from "../shell/chip.tsx";
import { type Complaint, Complaints } from "../shell/complaints.tsx";
import { SlotText } from "../shell/slot-text.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { RuleTools } from "./rule-tools.tsx";
import { TraceHistory } from "./trace-history.tsx";
import { TraceItem } from "./trace-item.tsx";
import { whyNot } from "./why-not.ts";

const TONES: Readonly<Record<RuleView["status"], Tone>> = {
  active: "good",
  disabled: "plain",
  unavailable: "bad",
};

/** One rule: whether it works, what it does now, and why it last fired or did not. */
export const RuleCard = memo(function RuleCard({ id }: { readonly id: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const headingId = useId();
  const historyId = useId();
  const [open, setOpen] = useState(false);
  const rule = useAppSelector((state) => state.rules[id]);
  if (rule === undefined) return null;
  const title = rule.title ?? rule.id;
  const why = whyNot(rule.lastTrace, i18n);
  return (
    <li className="card rule">
      <article aria-labelledby={headingId}>
        <header className="card-header">
          <h2 id={headingId}>{title}</h2>
          {rule.running > 0 ? <Chip tone="info">{t("rules.running", { count: rule.running })}</Chip> : null}
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
        <Complaints title={t("rules.problems")} tone="bad" level={3} list={complaints(rule.problems)} />
        <Complaints title={t("rules.warnings")} tone="warn" level={3} list={complaints(rule.warnings)} />
        {rule.lastTrace === undefined ? null : (
          <section className="last-trace">
            <h3>{t("rules.lastTrace")}</h3>
            <TraceItem trace={rule.lastTrace} />
            {why === undefined ? null : <p className="why-not">{why}</p>}
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
          <RuleTools rule={rule} title={title} />
        </div>
        {open ? (
          <div id={historyId}>
            <TraceHistory rule={rule} />
          </div>
        ) : null}
      </article>
    </li>
  );
});

function complaints(list: RuleView["problems"]): Complaint[] {
  return list.map(({ path, problem }) => ({ where: path, problem }));
}
