import type { ModuleView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { AgeText } from "../live/age-text.tsx";
import { InstantText } from "../live/instant-text.tsx";
import { Chip, type Tone } from "../shell/chip.tsx";
import { SlotText } from "../shell/slot-text.tsx";
import { useAppSelector } from "../store/hooks.ts";

const TONES: Readonly<Record<ModuleView["state"], Tone>> = {
  up: "good",
  opening: "info",
  closing: "info",
  degraded: "warn",
  failed: "bad",
  stopped: "plain",
};

/** All modules, with the reason where one does not work. */
export function ModulesTable() {
  const { t } = useI18n();
  const modules = useAppSelector((state) => state.system.modules);
  const list = Object.values(modules);
  if (list.length === 0) return <p className="muted">{t("system.noModules")}</p>;
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t("system.column.module")}</th>
          <th scope="col">{t("system.column.state")}</th>
          <th scope="col">{t("system.column.since")}</th>
          <th scope="col" className="number">
            {t("system.column.restarts")}
          </th>
          <th scope="col">{t("system.column.runs")}</th>
        </tr>
      </thead>
      <tbody>
        {list.map((module) => (
          <ModuleRow key={module.id} module={module} />
        ))}
      </tbody>
    </table>
  );
}

function ModuleRow({ module }: { readonly module: ModuleView }) {
  const { t, number } = useI18n();
  return (
    <tr>
      <th scope="row">
        {module.id}
        <div className="muted">{[module.name ?? module.use, module.version].filter(Boolean).join(" ")}</div>
      </th>
      <td data-label={t("system.column.state")}>
        <div>
          <Chip tone={TONES[module.state]}>{t(`module.state.${module.state}`)}</Chip>
          {module.reason === undefined ? null : <div lang="en">{module.reason}</div>}
          {module.nextAttempt === undefined ? null : (
            <div className="muted">
              <SlotText text={(time) => t("system.nextAttempt", { time })}>
                <InstantText iso={module.nextAttempt} />
              </SlotText>
            </div>
          )}
        </div>
      </td>
      <td data-label={t("system.column.since")}>
        <AgeText iso={module.since} />
      </td>
      <td className="number" data-label={t("system.column.restarts")}>
        {number(module.restarts, { type: "integer" })}
      </td>
      <td data-label={t("system.column.runs")}>{t(`system.isolation.${module.isolation}`)}</td>
    </tr>
  );
}
