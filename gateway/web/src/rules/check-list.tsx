import type { TraceCheck } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { bareValueText } from "../things/value-text.ts";

/** Conditions with what was seen of them. */
export function CheckList({ checks }: { readonly checks: readonly TraceCheck[] }) {
  const i18n = useI18n();
  const { t } = i18n;
  if (checks.length === 0) return null;
  return (
    <ul className="checks">
      {checks.map((check) => (
        <li key={check.what} className="check" data-passed={check.passed}>
          <span className="check-mark" aria-hidden="true">
            {check.passed ? "✓" : "✗"}
          </span>
          <span className="visually-hidden">{t(check.passed ? "trace.passed" : "trace.notPassed")}: </span>
          <code>{check.what}</code>
          {check.seen === null || check.seen === undefined ? null : (
            <span className="muted"> {t("trace.seen", { value: bareValueText(check.seen, i18n) })}</span>
          )}
        </li>
      ))}
    </ul>
  );
}
