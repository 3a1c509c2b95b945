import type { AlertView, Thing } from "@tram/protocol";
import { type CSSProperties, memo, useId, useRef, useState } from "react";
import { mayAdminister } from "../account/session-slice.ts";
import { LazyThingSettings } from "../household/lazy-settings.tsx";
import { localTitle } from "../i18n/titles.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { AgeText } from "../live/age-text.tsx";
import { Chip, type Tone } from "../shell/chip.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { NearContext, useNear } from "./near.ts";
import { groupProperties } from "./property-groups.ts";
import { PropertyRow } from "./property-row.tsx";
import type { ThingStatus } from "./things-slice.ts";

const TONES: Readonly<Record<ThingStatus["availability"], Tone>> = {
  ready: "good",
  init: "info",
  sleeping: "info",
  unknown: "plain",
  disconnected: "warn",
  lost: "bad",
};

/**
 * One Thing. Its heading is always there, so that the list can be walked and searched; its properties are made when
 * it first comes near the visible part of the page.
 */
export const ThingCard = memo(function ThingCard({ id }: { readonly id: string }) {
  const i18n = useI18n();
  const headingId = useId();
  const element = useRef<HTMLLIElement>(null);
  const { near, seen } = useNear(element);
  const thing = useAppSelector((state) => state.things.descriptions[id]);
  const status = useAppSelector((state) => state.things.statuses[id]);
  const allowed = useAppSelector((state) => mayAdminister(state.session));
  const [editing, setEditing] = useState(false);
  if (thing === undefined || status === undefined) return null;
  const rows = { "--rows": Object.keys(thing.properties).length } as CSSProperties;
  return (
    <li ref={element} className="card thing" data-seen={seen} style={rows}>
      <article aria-labelledby={headingId}>
        <header className="card-header">
          <h2 id={headingId}>{localTitle(thing, i18n.language, id)}</h2>
          <Chip tone={TONES[status.availability]}>{i18n.t(`availability.${status.availability}`)}</Chip>
        </header>
        <p className="card-note">
          {[
            status.area,
            id,
            ...(status.links?.map((link) => link.id) ?? []),
            status.source,
            thing.parent === undefined ? undefined : i18n.t("things.partOf", { parent: thing.parent }),
            ...(status.settings?.tags ?? []),
          ]
            .filter((part) => part !== undefined)
            .join(" · ")}
          {allowed ? (
            <button
              type="button"
              className="button quiet card-edit"
              aria-expanded={editing}
              onClick={() => setEditing(!editing)}
            >
              {i18n.t(editing ? "things.closeSettings" : "things.settings")}
            </button>
          ) : null}
        </p>
        {status.settings?.notes === undefined || editing ? null : (
          <p className="muted">{status.settings.notes}</p>
        )}
        {editing ? <LazyThingSettings id={id} onDone={() => setEditing(false)} /> : null}
        {status.problem === undefined ? null : (
          <p className="card-problem">{i18n.t("things.refused", { problem: status.problem })}</p>
        )}
        <Alerts alerts={status.alerts ?? []} />
        <NearContext.Provider value={near}>{seen ? <Properties thing={thing} /> : null}</NearContext.Provider>
      </article>
    </li>
  );
});

/** What the device wants people to know, in its own words. */
function Alerts({ alerts }: { readonly alerts: readonly AlertView[] }) {
  const { t } = useI18n();
  if (alerts.length === 0) return null;
  return (
    <ul className="alerts" aria-label={t("things.alerts")}>
      {alerts.map(({ id, text, since }) => (
        <li key={id}>
          {text}{" "}
          <span className="muted">
            <AgeText iso={since} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Properties({ thing }: { readonly thing: Thing }) {
  const { t } = useI18n();
  const readings = useAppSelector((state) => state.things.readings[thing.id]);
  const groups = groupProperties(thing);
  if (groups.length === 0) return <p className="muted">{t("things.noProperties")}</p>;
  return groups.map(({ node, title, properties }) => (
    <div key={node}>
      {groups.length > 1 ? <h3 className="node-title">{title}</h3> : null}
      <ul className="properties">
        {properties.map(([key, affordance]) => (
          <PropertyRow
            key={key}
            thing={thing.id}
            property={key}
            affordance={affordance}
            view={readings?.[key]}
          />
        ))}
      </ul>
    </div>
  ));
}
