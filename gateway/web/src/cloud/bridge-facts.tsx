import type { BridgeTraffic, BridgeView } from "@tram/protocol";
import type { ReactNode } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { InstantText } from "../live/instant-text.tsx";
import type { Tone } from "../shell/chip.tsx";
import { countsText, dropsTexts } from "./bridge-words.ts";
import { bytesText } from "./bytes-text.ts";

/** The figures of a bridge. What nobody knows is not shown as nought. */
export function BridgeFacts({ bridge }: { readonly bridge: BridgeView }) {
  const i18n = useI18n();
  const { t } = i18n;
  const {
    dropped,
    drops = {},
    etaS,
    holding,
    oldest,
    queued,
    queuedByClass,
    ratePerS,
    sent,
    traffic,
  } = bridge;
  const classes = countsText(queuedByClass, t);
  return (
    <dl className="facts">
      <Fact name={t("cloud.queued")}>
        {i18n.number(queued, { type: "integer" })}
        {classes === "" ? null : <div className="muted">{classes}</div>}
      </Fact>
      {oldest === undefined ? null : (
        <Fact name={t("cloud.oldest")}>
          <InstantText iso={oldest} />
        </Fact>
      )}
      {ratePerS === undefined ? null : (
        <Fact name={t("cloud.pace")}>
          {t("cloud.perSecond", { rate: i18n.number(ratePerS, { multipleOf: 0.1 }) })}
        </Fact>
      )}
      {queued === 0 || bridge.state !== "online" || holding !== undefined ? null : (
        <Fact name={t("cloud.eta")}>
          {etaS === undefined ? t("cloud.etaUnknown") : i18n.duration(etaS * 1_000)}
        </Fact>
      )}
      <Fact name={t("cloud.sent")}>{i18n.number(sent, { type: "integer" })}</Fact>
      <TrafficFacts traffic={traffic} />
      {dropped === 0 ? null : (
        <Fact name={t("cloud.dropped")} tone="bad">
          {i18n.number(dropped, { type: "integer" })}
          {dropsTexts(drops, t).map((text) => (
            <div key={text} className="muted">
              {text}
            </div>
          ))}
        </Fact>
      )}
    </dl>
  );
}

const BUDGET_TONES = { ok: undefined, near: "warn", spent: "bad" } as const;

function TrafficFacts({ traffic }: { readonly traffic: BridgeTraffic }) {
  const i18n = useI18n();
  const { t } = i18n;
  const { budget, forecast, month, today, undated } = traffic;
  return (
    <>
      <Fact name={t("cloud.today")}>{bytesText(today, i18n)}</Fact>
      <Fact name={t("cloud.month")}>
        {bytesText(month, i18n)}
        {undated === 0 ? null : (
          <div className="muted">{t("cloud.undated", { bytes: bytesText(undated, i18n) })}</div>
        )}
      </Fact>
      {forecast === undefined ? null : <Fact name={t("cloud.forecast")}>{bytesText(forecast, i18n)}</Fact>}
      {budget === undefined ? null : (
        <Fact name={t("cloud.budget")} tone={BUDGET_TONES[budget.level]}>
          {t("cloud.budgetOf", {
            share: `${i18n.number(Math.floor((budget.used / budget.limit) * 100), { type: "integer" })} %`,
            limit: bytesText(budget.limit, i18n),
          })}
          <div className="bridge-meter" aria-hidden="true">
            <span style={{ width: `${Math.min(100, (budget.used / budget.limit) * 100)}%` }} />
          </div>
        </Fact>
      )}
    </>
  );
}

interface FactProps {
  readonly name: string;
  readonly tone?: Tone | undefined;
  readonly children: ReactNode;
}

export function Fact({ name, tone, children }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-tone={tone}>{children}</dd>
    </div>
  );
}
