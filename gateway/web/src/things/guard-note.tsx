import type { PropertyView } from "@tram/protocol";
import { useState } from "react";
import { useApi } from "../api/use-api.ts";
import type { I18n } from "../i18n/i18n.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useTimedText } from "../live/use-gateway-time.ts";

interface Props {
  readonly thing: string;
  readonly property: string;
  readonly view: PropertyView;
  readonly mayRelease: boolean;
}

/** What keeps an actuator safe now: it must stop at some time, it rests, or a person holds it. */
export function GuardNote({ thing, property, view, mayRelease }: Props) {
  const i18n = useI18n();
  const ask = useApi();
  const [asked, setAsked] = useState(false);
  const text = useTimedText((now) => guardText(view, now, i18n));
  const held = useTimedText((now) => (isHeld(view, now) ? "held" : ""));
  if (text === "") return null;
  return (
    <div className="property-guard">
      <span>{text}</span>
      {held !== "" && mayRelease ? (
        <button
          type="button"
          className="button quiet"
          disabled={asked}
          onClick={() => {
            setAsked(true);
            void ask((api) => api.release(thing, property)).then(() => setAsked(false));
          }}
        >
          {i18n.t("guard.release")}
        </button>
      ) : null}
    </div>
  );
}

/** @returns an empty text where nothing holds any more. */
export function guardText(
  view: PropertyView,
  now: number,
  { instant, t }: Pick<I18n, "instant" | "t">,
): string {
  const { stopsAt, restsUntil, heldUntil, heldBy = "" } = view;
  const texts: string[] = [];
  if (isAhead(stopsAt, now)) texts.push(t("guard.stops", { time: instant.short(stopsAt, now) }));
  if (isAhead(restsUntil, now)) texts.push(t("guard.rests", { time: instant.short(restsUntil, now) }));
  if (isAhead(heldUntil, now)) {
    const time = instant.short(heldUntil, now);
    const name = heldBy.replace(/^api:/, "");
    texts.push(heldBy === "device" ? t("guard.heldAtDevice", { time }) : t("guard.held", { time, name }));
  }
  return texts.join(" · ");
}

function isHeld({ heldUntil, restsUntil }: PropertyView, now: number): boolean {
  return isAhead(restsUntil, now) || isAhead(heldUntil, now);
}

function isAhead(iso: string | undefined, now: number): iso is string {
  return iso !== undefined && Date.parse(iso) > now;
}
