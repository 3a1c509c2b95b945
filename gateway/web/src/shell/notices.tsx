import { useMemo } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { AgeText } from "../live/age-text.tsx";
import { useAppDispatch, useAppSelector } from "../store/hooks.ts";
import type { Tone } from "./chip.tsx";
import { allNoticesDismissed, byUrgency, type Notice, noticeDismissed } from "./notices-slice.ts";

const SHOWN = 3;

const TONES: Readonly<Record<Notice["level"], Tone>> = { info: "info", warning: "warn", alarm: "bad" };

/** What rules want people to know, over the page until dismissed. The region exists before its content does, so that it is read out. */
export function Notices() {
  const { t } = useI18n();
  const dispatch = useAppDispatch();
  const all = useAppSelector((state) => state.notices.list);
  const list = useMemo(() => byUrgency(all), [all]);
  const hidden = list.length - SHOWN;
  return (
    <section className="notices" aria-label={t("notices.label")}>
      <ul aria-live="polite">
        {list.slice(0, SHOWN).map((notice) => (
          <li key={notice.key} className="notice" data-tone={TONES[notice.level]}>
            <div role={notice.level === "alarm" ? "alert" : undefined}>
              <p className="notice-head">
                <strong>{t(`notices.level.${notice.level}`)}</strong>
                <span className="muted">
                  {notice.rule === undefined
                    ? t("notices.fromGateway")
                    : t("notices.from", { rule: notice.rule })}{" "}
                  · <AgeText iso={notice.time} />
                </span>
              </p>
              <p>{notice.text}</p>
            </div>
            <button type="button" className="button" onClick={() => dispatch(noticeDismissed(notice.key))}>
              {t("notices.dismiss")}
            </button>
          </li>
        ))}
      </ul>
      {list.length > 1 ? (
        <p className="notices-foot">
          {hidden > 0 ? t("notices.more", { count: hidden }) : null}
          <button type="button" className="button" onClick={() => dispatch(allNoticesDismissed())}>
            {t("notices.dismissAll")}
          </button>
        </p>
      ) : null}
    </section>
  );
}
