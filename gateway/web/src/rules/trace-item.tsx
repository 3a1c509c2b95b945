import type { TraceView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { InstantText } from "../live/instant-text.tsx";
import { Chip, type Tone } from "../shell/chip.tsx";
import { bareValueText } from "../things/value-text.ts";
import { CheckList } from "./check-list.tsx";
import { traceSentence } from "./trace-sentence.ts";

const TONES: Readonly<Record<TraceView["outcome"], Tone>> = {
  fired: "good",
  rejected: "plain",
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
          {trace.count === undefined ? null : `${t("trace.count", { count: trace.count })} · `}
          <code>{trace.trigger}</code>
          {trace.seen === undefined || trace.seen === null
            ? null
            : ` · ${t("trace.seen", { value: bareValueText(trace.seen, i18n) })}`}
        </span>
      </p>
      {trace.detail === undefined ? null : <DetailText detail={trace.detail} />}
      {trace.result === undefined ? null : <ResultText result={trace.result} />}
      <CheckList checks={trace.checks} />
    </div>
  );
}

/** Why, in the person's language where it can be said in it. */
function DetailText({ detail }: { readonly detail: string }) {
  const { t } = useI18n();
  const known = traceSentence(detail);
  if (known !== undefined) return <p className="trace-detail">{t(known)}</p>;
  return (
    <p className="trace-detail" lang="en">
      {detail}
    </p>
  );
}

/** How what the action wanted has ended: `confirmed, 120 ms`. */
function ResultText({ result }: { readonly result: NonNullable<TraceView["result"]> }) {
  const { number, t } = useI18n();
  const { detail, state, tookMs } = result;
  const good = state === "confirmed" || state === "sent";
  const known = good || state === "refused" || state === "failed" || state === "expired";
  return (
    <p className="trace-line">
      <Chip tone={good ? "good" : "bad"}>
        {known ? t(`trace.result.${state}`) : t("trace.result.unknown")}
      </Chip>
      {tookMs === undefined ? null : (
        <span className="muted">
          {t("trace.took", { seconds: number(Math.round(tookMs / 10) / 100, {}) })}
        </span>
      )}
      {detail === undefined ? null : <span lang="en">{detail}</span>}
    </p>
  );
}
