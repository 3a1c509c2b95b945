import type { BridgeView } from "@tram/protocol";
import type { I18n } from "../i18n/i18n.ts";
import type { Tone } from "../shell/chip.tsx";

export const BRIDGE_TONES: Readonly<Record<BridgeView["state"], Tone>> = {
  online: "good",
  connecting: "info",
  offline: "warn",
  stopped: "plain",
};

/** The worse, the earlier it is shown where there is room for one. */
const WORST_FIRST: readonly BridgeView["state"][] = ["offline", "connecting", "stopped", "online"];

/** The bridge that matters most: the worst state, and among equals the one with more in its queue. */
export function worstBridge(bridges: Readonly<Record<string, BridgeView>>): BridgeView | undefined {
  return Object.values(bridges).sort(
    (a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state) || b.queued - a.queued,
  )[0];
}

/** `Offline 12 min · 340 queued · oldest 12:03`, or `Online`. */
export function bridgeText(bridge: BridgeView, nowMs: number, { t, duration, instant }: I18n): string {
  const state = t(`bridge.state.${bridge.state}`);
  const parts = [
    bridge.state === "offline"
      ? t("bridge.stateFor", { state, duration: duration(nowMs - Date.parse(bridge.since)) })
      : state,
  ];
  if (bridge.queued > 0) {
    parts.push(t("bridge.queued", { count: bridge.queued }));
    if (bridge.oldest !== undefined && bridge.state !== "online") {
      parts.push(t("bridge.oldest", { time: instant.short(bridge.oldest, nowMs) }));
    }
  }
  return parts.join(" · ");
}
