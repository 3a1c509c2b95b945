import type { CloudCheckView } from "@tram/protocol";
import { useEffect, useId, useRef } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { Chip } from "../shell/chip.tsx";
import { SlotText } from "../shell/slot-text.tsx";
import {
  type Advice,
  adviceOf,
  failureText,
  OUTCOME_TONES,
  type ShownStep,
  shownSteps,
  telling,
} from "./check-words.ts";

/** What is known of a check: that it runs, and how far it is, or how it went. */
export type CheckState = { readonly runs: boolean; readonly steps: CloudCheckView["steps"] } | undefined;

interface Props {
  readonly state: CheckState;
  readonly provider: string;
  readonly title: string;
  /** What a failure means for what was wanted. */
  readonly lost?: string;
}

/** The seven steps with their outcome, and what to do where one has failed. Stays in the page, so that it is read out. */
export function CheckReport({ lost, provider, state, title }: Props) {
  const i18n = useI18n();
  const { t } = i18n;
  const headingId = useId();
  const place = useRef<HTMLElement>(null);
  const runs = state?.runs === true;
  const steps = shownSteps(state?.steps ?? [], runs);
  const story = runs ? undefined : telling(steps);
  const advice = story && adviceOf(story, provider, i18n.language);
  const phase = state?.runs;
  useEffect(() => {
    if (phase === undefined) return;
    const wrong = place.current?.querySelector('[data-outcome="failed"]');
    (wrong ?? place.current)?.scrollIntoView({ block: "nearest" });
  }, [phase]);
  const summary = (): string => {
    if (state === undefined) return "";
    const at = steps.find(({ outcome }) => outcome === "running");
    if (runs && (at === undefined || state.steps.length === 0)) return t("cloud.checkRuns");
    if (runs && at !== undefined) return t("cloud.checkAt", { step: t(`cloud.step.${at.step}`) });
    if (story === undefined) return t("cloud.checkGood");
    const step = t(`cloud.step.${story.step}`);
    if (story.outcome !== "failed") return t("cloud.checkUnsure", { step });
    return [t("cloud.checkFailed", { step }), lost].filter(Boolean).join(" ");
  };
  return (
    <>
      <div role="status" className={state === undefined ? "visually-hidden" : "check-summary"}>
        <p>{summary()}</p>
        {/* Seen in the list below; heard here. */}
        {state === undefined || story === undefined ? null : (
          <div className="visually-hidden">
            <StepStory step={story} advice={advice} />
          </div>
        )}
      </div>
      {state === undefined ? null : (
        <section ref={place} aria-labelledby={headingId}>
          <h3 id={headingId}>{title}</h3>
          <ol className="check-steps">
            {steps.map((step) => (
              <li key={step.step} data-tone={OUTCOME_TONES[step.outcome]} data-outcome={step.outcome}>
                <span className="check-name">{t(`cloud.step.${step.step}`)}</span>
                <Chip tone={OUTCOME_TONES[step.outcome]}>
                  {step.outcome === "running" ? <span className="spinner" aria-hidden="true" /> : null}
                  {t(`cloud.outcome.${step.outcome}`)}
                </Chip>
                <div className="check-story">
                  <StepStory step={step} advice={step === story ? advice : undefined} />
                </div>
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

function StepStory({ step, advice }: { readonly step: ShownStep; readonly advice: Advice | undefined }) {
  const { t } = useI18n();
  const failure = failureText(step, t);
  return (
    <>
      {failure === undefined ? null : <p className="check-failure">{failure}</p>}
      {step.said === undefined ? null : (
        <p className="muted" lang="en">
          {step.said}
        </p>
      )}
      {advice === undefined ? null : (
        <p className="check-advice">
          <SlotText text={(slot) => t("cloud.advice", { advice: slot })}>
            <span lang={advice.lang}>{advice.text}</span>
          </SlotText>
        </p>
      )}
    </>
  );
}
