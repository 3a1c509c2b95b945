import type { RuleView } from "@tram/protocol";
import { useState } from "react";
import { Link } from "wouter";
import { mayAdminister } from "../account/session-slice.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";

/** What can be done with a rule: edit it, switch it, delete it. */
export function RuleTools({ rule, title }: { readonly rule: RuleView; readonly title: string }) {
  const { t } = useI18n();
  const ask = useApi();
  const may = useAppSelector((state) => mayAdminister(state.session));
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function run(call: Parameters<typeof ask<void>>[0]): Promise<void> {
    if (busy) return;
    setBusy(true);
    const result = await ask(call);
    setBusy(false);
    setProblem(result.ok ? undefined : problemText(result.problem, t));
  }

  if (!rule.editable) {
    return may ? (
      <Link href={`/rules/file/${encodeURIComponent(rule.file)}`} className="button">
        {t("rules.mend")}
      </Link>
    ) : null;
  }
  const enabled = rule.status !== "disabled";
  return (
    <>
      <Link
        href={`/rules/${encodeURIComponent(rule.id)}`}
        className="button"
        aria-label={t("rules.editRule", { rule: title })}
      >
        {t("rules.edit")}
      </Link>
      {may ? (
        <>
          <button
            type="button"
            className="button"
            aria-label={t("rules.deleteRule", { rule: title })}
            onClick={() => {
              if (confirm(t("rules.deleteSure", { rule: title }))) void run((api) => api.removeRule(rule.id));
            }}
          >
            {t("rules.delete")}
          </button>
          <button
            type="button"
            role="switch"
            className="switch"
            aria-checked={enabled}
            aria-label={t("rules.switch", { rule: title })}
            onClick={() => void run((api) => api.switchRule(rule.id, !enabled))}
          >
            <span className="switch-thumb" />
          </button>
        </>
      ) : null}
      <div role="alert">{problem === undefined ? null : <p className="card-problem">{problem}</p>}</div>
    </>
  );
}
