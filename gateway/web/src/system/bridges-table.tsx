import type { BridgeView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { InstantText } from "../live/instant-text.tsx";
import { useTimedText } from "../live/use-gateway-time.ts";
import { Chip } from "../shell/chip.tsx";
import { SlotText } from "../shell/slot-text.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { BRIDGE_TONES } from "./bridge-summary.ts";

/** All bridges with their queues and counters. */
export function BridgesTable() {
  const { t } = useI18n();
  const bridges = useAppSelector((state) => state.system.bridges);
  const list = Object.values(bridges);
  if (list.length === 0) return <p className="muted">{t("system.noBridges")}</p>;
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t("system.column.bridge")}</th>
          <th scope="col">{t("system.column.state")}</th>
          <th scope="col">{t("system.column.queue")}</th>
          <th scope="col" className="number">
            {t("system.column.sent")}
          </th>
          <th scope="col" className="number">
            {t("system.column.dropped")}
          </th>
          <th scope="col" className="number">
            {t("system.column.parked")}
          </th>
        </tr>
      </thead>
      <tbody>
        {list.map((bridge) => (
          <BridgeRow key={bridge.id} bridge={bridge} />
        ))}
      </tbody>
    </table>
  );
}

function BridgeRow({ bridge }: { readonly bridge: BridgeView }) {
  const i18n = useI18n();
  const { t } = i18n;
  const count = (value: number) => i18n.number(value, { type: "integer" });
  const classes = Object.entries(bridge.queuedByClass).filter(([, queued]) => queued > 0);
  const since = useTimedText((now) => i18n.duration(now - Date.parse(bridge.since)));
  return (
    <tr>
      <th scope="row">
        {bridge.id}
        <div className="muted">{bridge.provider}</div>
      </th>
      <td data-label={t("system.column.state")}>
        <div>
          <Chip tone={BRIDGE_TONES[bridge.state]}>{t(`bridge.state.${bridge.state}`)}</Chip> {since}
          {bridge.lastError === undefined ? null : (
            <div className="muted">
              <SlotText text={(problem) => t("system.lastError", { problem })}>
                <span lang="en">{bridge.lastError}</span>
              </SlotText>
            </div>
          )}
        </div>
      </td>
      <td data-label={t("system.column.queue")}>
        <div>
          {count(bridge.queued)}
          {bridge.oldest === undefined ? null : (
            <div className="muted">
              <SlotText text={(time) => t("bridge.oldest", { time })}>
                <InstantText iso={bridge.oldest} />
              </SlotText>
            </div>
          )}
          {classes.length === 0 ? null : (
            <div className="muted">
              {classes.map(([name, queued]) => `${name} ${count(queued)}`).join(", ")}
            </div>
          )}
        </div>
      </td>
      <td className="number" data-label={t("system.column.sent")}>
        {count(bridge.sent)}
      </td>
      <td
        className="number"
        data-label={t("system.column.dropped")}
        data-tone={bridge.dropped > 0 ? "bad" : undefined}
      >
        {count(bridge.dropped)}
      </td>
      <td
        className="number"
        data-label={t("system.column.parked")}
        data-tone={bridge.parked > 0 ? "warn" : undefined}
      >
        {count(bridge.parked)}
      </td>
    </tr>
  );
}
