import { useEffect, useId, useRef, useState } from "react";
import { signOut } from "../account/session-thunks.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppDispatch, useAppSelector } from "../store/hooks.ts";
import { mayLeave } from "./leaving.ts";
import { PreferenceFields } from "./preference-fields.tsx";

/** Language, theme and sign-out behind one button. */
export function Menu() {
  const { t } = useI18n();
  const dispatch = useAppDispatch();
  const panelId = useId();
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const session = useAppSelector((state) => state.session);

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the panel from whatever in it has the focus.
    <div
      className="menu"
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button
        ref={button}
        type="button"
        className="button icon-button"
        aria-expanded={open}
        aria-controls={open ? panelId : undefined}
        aria-label={t("menu.open")}
        onClick={() => setOpen(!open)}
      >
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
          <path
            d="M4 7h10m4 0h2M4 17h2m4 0h10"
            fill="none"
            stroke="currentColor"
            strokeWidth="2"
            strokeLinecap="round"
          />
          <circle cx="16" cy="7" r="2.4" fill="none" stroke="currentColor" strokeWidth="2" />
          <circle cx="8" cy="17" r="2.4" fill="none" stroke="currentColor" strokeWidth="2" />
        </svg>
      </button>
      {open ? (
        <div className="menu-panel" id={panelId}>
          {session.phase === "signed-in" ? (
            <p className="muted">{t("menu.signedInAs", { name: session.username })}</p>
          ) : null}
          <PreferenceFields />
          <button
            type="button"
            className="button"
            onClick={() => {
              if (mayLeave()) void dispatch(signOut());
            }}
          >
            {t("menu.signOut")}
          </button>
        </div>
      ) : null}
    </div>
  );
}
