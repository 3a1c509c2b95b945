import { useI18n } from "../i18n/use-i18n.ts";
import { Page } from "../shell/page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { BridgeCard } from "./bridge-card.tsx";
import "./cloud-texts.ts";
import "./cloud.css";

/** The bridges to clouds, each with its line, its queue, its bytes, and what its cloud will not take. */
export function CloudPage() {
  const { t } = useI18n();
  const bridges = useAppSelector((state) => state.system.bridges);
  const list = Object.values(bridges);
  return (
    <Page title={t("system.bridges")}>
      <p className="muted">{t(list.length === 0 ? "system.noBridges" : "cloud.lead")}</p>
      <ul className="bridges">
        {list.map((bridge) => (
          <BridgeCard key={bridge.id} bridge={bridge} />
        ))}
      </ul>
    </Page>
  );
}
