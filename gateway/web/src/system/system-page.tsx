import { useId } from "react";
import { Link } from "wouter";
import { mayAdminister } from "../account/session-slice.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { Complaints } from "../shell/complaints.tsx";
import { Page } from "../shell/page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { BridgesTable } from "./bridges-table.tsx";
import { GatewayFacts } from "./gateway-facts.tsx";
import { LazyBackup } from "./lazy-backup.tsx";
import { ModulesTable } from "./modules-table.tsx";
import { troubles } from "./troubles.ts";

/** What is wrong now, the bridges, the modules and the gateway itself. */
export function SystemPage() {
  const { t } = useI18n();
  const bridgesId = useId();
  const modulesId = useId();
  const gatewayId = useId();
  const gateway = useAppSelector((state) => state.system.gateway);
  const bridged = useAppSelector((state) => Object.keys(state.system.bridges).length > 0);
  const administers = useAppSelector((state) => mayAdminister(state.session));
  if (gateway === undefined) return null;
  return (
    <Page title={t("system.title")}>
      {gateway.problems.length === 0 ? (
        <p className="toolbar muted">{t("system.noProblems")}</p>
      ) : (
        <Complaints title={t("system.problems")} tone="bad" level={2} list={troubles(gateway, t)} />
      )}
      <section className="card system-section" aria-labelledby={bridgesId}>
        <h2 id={bridgesId}>{t("system.bridges")}</h2>
        <BridgesTable />
        {bridged || administers ? (
          <p>
            <Link href="/system/cloud">{t(bridged ? "system.moreOfBridges" : "system.addCloud")}</Link>
          </p>
        ) : null}
      </section>
      <section className="card system-section" aria-labelledby={modulesId}>
        <h2 id={modulesId}>{t("system.modules")}</h2>
        <ModulesTable />
      </section>
      <section className="card system-section" aria-labelledby={gatewayId}>
        <h2 id={gatewayId}>{t("system.gateway")}</h2>
        <GatewayFacts gateway={gateway} />
      </section>
      {administers ? <LazyBackup /> : null}
    </Page>
  );
}
