import { useMemo } from "react";
import { Link } from "wouter";
import { useI18n } from "../i18n/use-i18n.ts";
import { useTimedText } from "../live/use-gateway-time.ts";
import { useAppSelector } from "../store/hooks.ts";
import { BRIDGE_TONES, bridgeText, worstBridge } from "./bridge-summary.ts";

/** The state of the cloud bridge, in the header of every page. */
export function BridgeChip() {
  const i18n = useI18n();
  const bridges = useAppSelector((state) => state.system.bridges);
  const bridge = useMemo(() => worstBridge(bridges), [bridges]);
  const more = Object.keys(bridges).length - 1;
  const text = useTimedText((now) => (bridge === undefined ? "" : bridgeText(bridge, now, i18n)));
  if (bridge === undefined) return null;
  const shown = more > 0 ? `${text} · ${i18n.t("bridge.more", { count: more })}` : text;
  return (
    <Link
      href="/system/cloud"
      className="chip bridge-chip"
      data-tone={BRIDGE_TONES[bridge.state]}
      data-long={shown.length > 20}
      aria-label={i18n.t("bridge.label", { state: shown })}
    >
      <span className="dot" aria-hidden="true" />
      {shown}
    </Link>
  );
}
