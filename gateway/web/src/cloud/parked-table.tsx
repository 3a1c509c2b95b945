import type { ParkedView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { InstantText } from "../live/instant-text.tsx";
import { classText } from "./bridge-words.ts";

interface Props {
  readonly list: readonly ParkedView[];
  /** Left out for who may only look. */
  readonly onDeal: ((what: "resend" | "discard", seq: number) => void) | undefined;
}

/** Longest text of a value that is shown. In characters. */
const SHORT = 40;

/** Messages that were set aside, with what they say and why they are here. */
export function ParkedTable({ list, onDeal }: Props) {
  const { t } = useI18n();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t("cloud.message")}</th>
          <th scope="col">{t("cloud.value")}</th>
          <th scope="col">{t("cloud.reason")}</th>
          <th scope="col">{t("cloud.when")}</th>
          {onDeal === undefined ? null : (
            <th scope="col">
              <span className="visually-hidden">{t("cloud.resend")}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {list.map((view) => {
          const { message } = view;
          const name = message === undefined ? `#${view.seq}` : `${message.thing}/${message.name}`;
          const value = message === undefined ? "" : (JSON.stringify(message.value) ?? "");
          return (
            <tr key={view.seq}>
              <th scope="row">
                <code>{name}</code>
                {message === undefined ? null : <div className="muted">{classText(message.class, t)}</div>}
              </th>
              <td data-label={t("cloud.value")}>
                <code>{value.length > SHORT ? `${value.slice(0, SHORT - 1)}…` : value}</code>
              </td>
              <td data-label={t("cloud.reason")}>
                <span lang="en">{view.reason}</span>
              </td>
              <td data-label={t("cloud.when")}>
                <InstantText iso={view.parkedAt} />
              </td>
              {onDeal === undefined ? null : (
                <td>
                  <div className="bridge-tools">
                    <button
                      type="button"
                      className="button"
                      aria-label={t("cloud.resendOf", { name })}
                      onClick={() => onDeal("resend", view.seq)}
                    >
                      {t("cloud.resend")}
                    </button>
                    <button
                      type="button"
                      className="button"
                      aria-label={t("cloud.discardOf", { name })}
                      onClick={() => onDeal("discard", view.seq)}
                    >
                      {t("cloud.discard")}
                    </button>
                  </div>
                </td>
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
