import type { BridgeView, CloudView } from "@tram/protocol";
import { useId } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { InstantText } from "../live/instant-text.tsx";
import { useTimedText } from "../live/use-gateway-time.ts";
import { Chip } from "../shell/chip.tsx";
import { SlotText } from "../shell/slot-text.tsx";
import { BRIDGE_TONES } from "../system/bridge-summary.ts";
import { BridgeFacts } from "./bridge-facts.tsx";
import { wrongText } from "./bridge-words.ts";
import { CloudFacts } from "./cloud-facts.tsx";
import { CloudTools } from "./cloud-tools.tsx";
import { ParkedMessages } from "./parked-messages.tsx";

interface Props {
  readonly bridge: BridgeView;
  /** What administrators see of its cloud, and may do with it. */
  readonly cloud: CloudView | undefined;
  readonly onDone: (said: string, gone: boolean) => void;
}

/** One bridge: first what is wrong, then the figures, then what was set aside. */
export function BridgeCard({ bridge, cloud, onDone }: Props) {
  const i18n = useI18n();
  const { t } = i18n;
  const headingId = useId();
  const since = useTimedText((now) => i18n.duration(now - Date.parse(bridge.since)));
  return (
    <li className="card bridge">
      <article aria-labelledby={headingId}>
        <header className="card-header">
          <h2 id={headingId} className="bridge-title">
            {bridge.id} <span className="muted">{bridge.provider}</span>
          </h2>
          <Chip tone={BRIDGE_TONES[bridge.state]}>{t(`bridge.state.${bridge.state}`)}</Chip>
          <span className="muted">{since}</span>
        </header>
        <Trouble bridge={bridge} />
        {bridge.holding === undefined ? null : (
          <p className="card-note bridge-note">{t(`cloud.holding.${bridge.holding}`)}</p>
        )}
        <BridgeFacts bridge={bridge} />
        {cloud === undefined ? null : (
          <>
            <CloudFacts cloud={cloud} />
            <CloudTools cloud={cloud} waiting={bridge.queued + bridge.parked} onDone={onDone} />
          </>
        )}
        {bridge.parked === 0 ? null : <ParkedMessages bridge={bridge.id} count={bridge.parked} />}
      </article>
    </li>
  );
}

function Trouble({ bridge }: { readonly bridge: BridgeView }) {
  const { t } = useI18n();
  const wrong = wrongText(bridge, t);
  const { lastError, nextAttempt, state } = bridge;
  if (lastError === undefined) return null;
  return (
    <div className="bridge-trouble" data-tone={state === "online" ? "plain" : "warn"}>
      {wrong === undefined ? null : <p className="bridge-wrong">{wrong}</p>}
      <p className={wrong === undefined ? undefined : "muted"}>
        <SlotText text={(problem) => t("cloud.error", { problem })}>
          <span lang="en">{lastError}</span>
        </SlotText>
      </p>
      {nextAttempt === undefined || state === "online" ? null : (
        <p className="muted">
          <SlotText text={(time) => t("cloud.next", { time })}>
            <InstantText iso={nextAttempt} />
          </SlotText>
        </p>
      )}
    </div>
  );
}
