import { useId, useMemo, useState } from "react";
import { Link } from "wouter";
import { mayAdminister } from "../account/session-slice.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { Page } from "../shell/page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { useGrowing } from "./growing.ts";
import { ThingCard } from "./thing-card.tsx";
import { findThings } from "./thing-index.ts";
import type { ThingsState } from "./things-slice.ts";

/** Home: all Things with their values, live. */
export function ThingsPage() {
  const { t, language } = useI18n();
  const searchId = useId();
  const [query, setQuery] = useState("");
  const descriptions = useAppSelector((state) => state.things.descriptions);
  const may = useAppSelector((state) => mayAdminister(state.session));
  const away = useAppSelector((state) => countAway(state.things.statuses));
  const statuses = useAppSelector((state) => state.things.statuses);
  const [area, setArea] = useState("");
  const areas = useMemo(() => areasOf(statuses, language), [statuses, language]);
  const shownArea = areas.includes(area) ? area : "";
  const ids = useMemo(
    () =>
      findThings(descriptions, language, query, statuses).filter(
        (id) => shownArea === "" || statuses[id]?.area === shownArea,
      ),
    [descriptions, language, query, statuses, shownArea],
  );
  const count = useGrowing(ids.length);
  const total = Object.keys(descriptions).length;
  const searching = query.trim() !== "" || shownArea !== "";
  return (
    <Page title={t("things.title")}>
      <search className="toolbar">
        <label className="visually-hidden" htmlFor={searchId}>
          {t("things.search")}
        </label>
        <input
          id={searchId}
          className="field search"
          type="search"
          placeholder={t("things.search")}
          autoComplete="off"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        {areas.length === 0 ? null : (
          <select
            className="field"
            aria-label={t("things.area")}
            value={shownArea}
            onChange={(event) => setArea(event.target.value)}
          >
            <option value="">{t("things.allAreas")}</option>
            {areas.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        <p className="muted">
          <span role="status">
            {searching
              ? t("things.found", { count: ids.length, total })
              : t("things.count", { count: total })}
          </span>
          {away > 0 ? ` · ${t("things.away", { count: away })}` : ""}
        </p>
        {may ? <Link href="/topics">{t("things.topics")}</Link> : null}
      </search>
      {total === 0 ? <p className="empty">{t("things.empty")}</p> : null}
      {total > 0 && ids.length === 0 ? <p className="empty">{t("things.noMatch", { query })}</p> : null}
      <ul className="things">
        {ids.slice(0, count).map((id) => (
          <ThingCard key={id} id={id} />
        ))}
      </ul>
    </Page>
  );
}

/** Names of the areas that have Things, as the language sorts. */
function areasOf(statuses: ThingsState["statuses"], language: string): readonly string[] {
  const names = new Set(Object.values(statuses).flatMap(({ area }) => (area === undefined ? [] : [area])));
  return [...names].sort(new Intl.Collator(language, { numeric: true }).compare);
}

const awayCounts = new WeakMap<ThingsState["statuses"], number>();

/** How many Things are lost or disconnected; counted once for each state of the statuses. */
function countAway(statuses: ThingsState["statuses"]): number {
  let count = awayCounts.get(statuses);
  if (count === undefined) {
    count = Object.values(statuses).filter(
      ({ availability }) => availability === "lost" || availability === "disconnected",
    ).length;
    awayCounts.set(statuses, count);
  }
  return count;
}
