import { Fragment, useMemo, useState } from "react";
import { shallowEqual } from "react-redux";
import { Link } from "wouter";
import { mayAdminister } from "../account/session-slice.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { Page } from "../shell/page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { GroupHeading } from "./group-heading.tsx";
import { RuleCard } from "./rule-card.tsx";
import { sortRules } from "./traces.ts";

/** All rules, those that do not work first. */
export function RulesPage() {
  const { t, language } = useI18n();
  const compare = useMemo(() => new Intl.Collator(language, { numeric: true }).compare, [language]);
  const ids = useAppSelector((state) => sortRules(state.rules, compare).map(({ id }) => id), shallowEqual);
  // Those without a group first; the groups by name.
  const groups = useAppSelector((state) => ids.map((id) => state.rules[id]?.group ?? ""), shallowEqual);
  const may = useAppSelector((state) => mayAdminister(state.session));
  const [said, setSaid] = useState("");
  return (
    <Page title={t("rules.title")}>
      <div className="toolbar rules-toolbar">
        <p className="muted">{t("rules.count", { count: ids.length })}</p>
        {may ? (
          <Link href="/rules/new" className="button primary">
            {t("rules.new")}
          </Link>
        ) : null}
      </div>
      {ids.length === 0 ? <p className="empty">{t("rules.empty")}</p> : null}
      {[...new Set(groups)].sort(compare).map((group) => (
        <Fragment key={group}>
          {group === "" ? null : <GroupHeading group={group} announce={setSaid} />}
          <ul className="rules">
            {ids
              .filter((_id, index) => groups[index] === group)
              .map((id) => (
                <RuleCard key={id} id={id} announce={setSaid} />
              ))}
          </ul>
        </Fragment>
      ))}
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </Page>
  );
}
