import type { PropertyAffordance, PropertyView } from "@tram/protocol";
import { memo, useId } from "react";
import { mayControl } from "../account/session-slice.ts";
import { localTitle } from "../i18n/titles.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { AgeText } from "../live/age-text.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { CommandStatus } from "./command-status.tsx";
import { Control, hasControl } from "./controls/control.tsx";
import { GuardNote } from "./guard-note.tsx";
import { nameOf } from "./property-groups.ts";
import { valueText } from "./value-text.ts";

interface Props {
  readonly thing: string;
  readonly property: string;
  readonly affordance: PropertyAffordance;
  /** `undefined` until the property has reported. */
  readonly view: PropertyView | undefined;
}

/** One property: name, value, age and quality, and its control where it has one. */
export const PropertyRow = memo(function PropertyRow({ thing, property, affordance, view }: Props) {
  const i18n = useI18n();
  const labelId = useId();
  const allowed = useAppSelector((state) => mayControl(state.session));
  const controlled = allowed && hasControl(affordance);
  const name = localTitle(affordance, i18n.language, nameOf(property));
  return (
    <li className="property" data-quality={view?.quality} data-layout={layoutOf(affordance, controlled)}>
      <span className="property-name" id={labelId}>
        {name}
      </span>
      <span className="property-value">
        <Value affordance={affordance} view={view} />
      </span>
      {controlled ? (
        <div className="property-control">
          <Control
            thing={thing}
            property={property}
            affordance={affordance}
            value={view?.value}
            name={name}
            labelId={labelId}
          />
        </div>
      ) : null}
      {view === undefined ? null : (
        <span className="property-meta">
          <AgeText iso={view.time} />
          <OnTheWay affordance={affordance} view={view} />
          <Quality view={view} />
        </span>
      )}
      {view === undefined ? null : (
        <GuardNote thing={thing} property={property} view={view} mayRelease={allowed} />
      )}
      {controlled ? <CommandStatus thing={thing} property={property} affordance={affordance} /> : null}
    </li>
  );
});

/** Where the value and the control go. */
function layoutOf(
  { type }: PropertyAffordance,
  controlled: boolean,
): "plain" | "beside" | "below" | "document" {
  if (type === "object" || type === "array") return "document";
  if (!controlled) return "plain";
  return type === "boolean" ? "beside" : "below";
}

function Value({ affordance, view }: Pick<Props, "affordance" | "view">) {
  const i18n = useI18n();
  const text = valueText(view?.value, affordance, i18n);
  if (text !== "") return text;
  if (affordance.writeOnly === true) return null;
  return (
    <span className="muted">{i18n.t(affordance.momentary === true ? "property.never" : "value.none")}</span>
  );
}

/** The value that the device says it is on the way to. */
function OnTheWay({
  affordance,
  view,
}: {
  readonly affordance: PropertyAffordance;
  readonly view: PropertyView;
}) {
  const i18n = useI18n();
  if (view.target === undefined) return null;
  const value = valueText(view.target, affordance, i18n);
  return <span className="quality">{i18n.t("property.onTheWay", { value })}</span>;
}

function Quality({ view }: { readonly view: PropertyView }) {
  const { t } = useI18n();
  if (view.quality === "good") return null;
  return (
    <span className="quality" data-quality={view.quality}>
      {t(`quality.${view.quality}`)}
      {view.quality === "bad" && view.problem !== undefined ? <span lang="en">: {view.problem}</span> : null}
    </span>
  );
}
