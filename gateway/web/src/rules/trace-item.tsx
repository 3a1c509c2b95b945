import type { TraceView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { InstantText } from "../live/instant-text.tsx";
import { Chip, type Tone } from "../shell/chip.tsx";
import { bareValueText } from "../things/value-text.ts";

const TONES: Readonly<Record<TraceView["outcome"], Tone>> = {
  fired: "good",
  finished: "good",
  action: "info",
  resumed: "info",
  waiting: "info",
  held: "warn",
  "condition-false": "plain",
  "mode-dropped": "plain",
  cancelled: "plain",
  failed: "bad",
  paused: "warn",
  conflict: "warn",
  enabled: "info",
  disabled: "info",
};

/** One evaluation of a rule: what started it, what was checked and seen, and how it came out. */
export function TraceItem({ trace }: { readonly trace: TraceView }) {
  const i18n = useI18n();
  const { t } = i18n;
  return (
    <div className="trace">
      <p className="trace-line">
        <Chip tone={TONES[trace.outcome]}>{t(`trace.outcome.${trace.outcome}`)}</Chip>
        <InstantText iso={trace.time} />
        <span className="muted">
          <code>{trace.trigger}</code>
          {trace.seen === undefined || trace.seen === null
            ? null
            : ` · ${t("trace.seen", { value: bareValueText(trace.seen, i18n) })}`}
        </span>
      </p>
      {trace.detail === undefined ? null : (
        <p className="trace-detail" lang="en">
          {trace.detail}
        </p>
      )}
      {trace.checks.length === 0 ? null : (
        <ul className="checks">
          {trace.checks.map((check) => (
            <li key={check.what} className="check" data-passed={check.passed}>
              <span className="check-mark" aria-hidden="true">
                {check.passed ? "✓" : "✗"}
              </span>
              <span className="visually-hidden">
                {t(check.passed ? "trace.passed" : "trace.notPassed")}:{" "}
              </span>
              <code>{check.what}</code>
              {check.seen === null || check.seen === undefined ? null : (
                <span className="muted"> {t("trace.seen", { value: bareValueText(check.seen, i18n) })}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
