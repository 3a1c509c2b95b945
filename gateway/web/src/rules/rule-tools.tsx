import type { RuleRunAnswer, RuleView } from "@tram/protocol";
import { useRef, useState } from "react";
import { Link } from "wouter";
import { mayAdminister } from "../account/session-slice.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import type { Translate } from "../i18n/translator.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { rulePath } from "../rule-editor/rule-id.ts";
import { useAppSelector } from "../store/hooks.ts";

interface Props {
  readonly rule: RuleView;
  readonly title: string;
  /** Tells people who do not see it what happened. */
  readonly announce: (text: string) => void;
}

/** What can be done with a rule: edit it, switch it, delete it. */
export function RuleTools({ rule, title, announce }: Props) {
  const { t } = useI18n();
  const ask = useApi();
  const may = useAppSelector((state) => mayAdminister(state.session));
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const tools = useRef<HTMLDivElement>(null);

  async function run(call: Parameters<typeof ask<void>>[0]): Promise<boolean> {
    if (busy) return false;
    setBusy(true);
    const result = await ask(call);
    setBusy(false);
    setProblem(result.ok ? undefined : problemText(result.problem, t));
    return result.ok;
  }

  async function remove(): Promise<void> {
    if (!confirm(t("rules.deleteSure", { rule: title }))) return;
    const neighbour = neighbourOf(tools.current?.closest("li"));
    if (!(await run((api) => api.removeRule(rule.id)))) return;
    // The card goes, and the focus must not go with it.
    neighbour?.focus();
    announce(t("rules.deleted", { rule: title }));
  }

  async function runNow(): Promise<void> {
    if (busy) return;
    setBusy(true);
    const result = await ask((api) => api.runRule(rule.id));
    setBusy(false);
    setProblem(result.ok ? undefined : problemText(result.problem, t));
    if (result.ok) announce(`${title}: ${outcomeText(result.value, t)}`);
  }

  async function toggle(enabled: boolean): Promise<void> {
    // What was switched by hand is switched back by hand: its file says so already.
    const byHand = rule.switched === true;
    const call: Parameters<typeof run>[0] = (api) =>
      byHand ? api.controlRule(rule.id, enabled ? "enable" : "disable") : api.switchRule(rule.id, enabled);
    if (await run(call)) announce(t(enabled ? "rules.switchedOn" : "rules.switchedOff", { rule: title }));
  }

  if (!rule.editable) {
    return may ? (
      <Link
        href={`/rules/file/${encodeURIComponent(rule.file)}`}
        className="button"
        aria-label={t("rules.mendFile", { file: rule.file })}
      >
        {t("rules.mend")}
      </Link>
    ) : null;
  }
  return (
    <>
      <Link
        href={rulePath(rule.id)}
        className="button"
        aria-label={t(may ? "rules.editRule" : "rules.lookRule", { rule: title })}
      >
        {t(may ? "rules.edit" : "rules.look")}
      </Link>
      {may ? (
        <div className="rule-changes" ref={tools}>
          {rule.paused === undefined ? null : (
            <button
              type="button"
              className="button"
              aria-label={t("rules.resumeRule", { rule: title })}
              onClick={() => void run((api) => api.controlRule(rule.id, "resume"))}
            >
              {t("rules.resume")}
            </button>
          )}
          {rule.status !== "active" ? null : (
            <button
              type="button"
              className="button"
              aria-label={t("rules.runRule", { rule: title })}
              onClick={() => void runNow()}
            >
              {t("rules.run")}
            </button>
          )}
          <button
            type="button"
            className="button"
            aria-label={t("rules.deleteRule", { rule: title })}
            onClick={() => void remove()}
          >
            {t("rules.delete")}
          </button>
          {/* Of a rule that is broken nobody knows whether it is on. */}
          {rule.status === "unavailable" ? null : (
            <button
              type="button"
              role="switch"
              className="switch"
              aria-checked={rule.status === "active"}
              aria-label={t("rules.switch", { rule: title })}
              onClick={() => void toggle(rule.status !== "active")}
            >
              <span className="switch-thumb" />
            </button>
          )}
        </div>
      ) : null}
      <div role="alert">{problem === undefined ? null : <p className="card-problem">{problem}</p>}</div>
    </>
  );
}

/** The heading of the next card, or of the one before; of the page, where it is the only one. */
function neighbourOf(card: Element | null | undefined): HTMLElement | null {
  const other = card?.nextElementSibling ?? card?.previousElementSibling;
  return other?.querySelector<HTMLElement>("h2") ?? document.querySelector<HTMLElement>("main h1");
}

const OUTCOMES = ["fired", "condition-false", "mode-dropped", "paused"] as const;

function outcomeText({ outcome }: RuleRunAnswer, t: Translate): string {
  const known = OUTCOMES.find((one) => one === outcome);
  return known === undefined ? outcome : t(`rules.ran.${known}`);
}
