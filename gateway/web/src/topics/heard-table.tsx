import type { UnclaimedTopicView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { AgeText } from "../live/age-text.tsx";

/** More are not shown: whoever has so many finds them by the suggestions. */
const SHOWN = 200;

interface Props {
  readonly topics: readonly UnclaimedTopicView[];
  readonly onMap: (topic: UnclaimedTopicView) => void;
}

/** Topics that no Thing has, with what was heard there last. */
export function HeardTable({ onMap, topics }: Props) {
  const { number, t } = useI18n();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t("topics.column.topic")}</th>
          <th scope="col">{t("topics.column.value")}</th>
          <th scope="col" className="number">
            {t("topics.column.count")}
          </th>
          <th scope="col">{t("topics.column.account")}</th>
          <th scope="col">{t("topics.column.last")}</th>
          <th scope="col">
            <span className="visually-hidden">{t("topics.map")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {topics.slice(0, SHOWN).map((heard) => (
          <tr key={heard.topic}>
            <th scope="row">
              <code>{heard.topic}</code>
            </th>
            <td data-label={t("topics.column.value")}>
              {heard.kind === "other" ? (
                <span className="muted">{t("topics.bytes")}</span>
              ) : (
                <code>{heard.payload}</code>
              )}
            </td>
            <td className="number" data-label={t("topics.column.count")}>
              {number(heard.count, { type: "integer" })}
            </td>
            <td data-label={t("topics.column.account")}>{heard.account}</td>
            <td data-label={t("topics.column.last")}>
              <AgeText iso={heard.lastAt} />
            </td>
            <td>
              {heard.kind === "other" ? null : (
                <button
                  type="button"
                  className="button"
                  aria-label={t("topics.mapOf", { topic: heard.topic })}
                  onClick={() => onMap(heard)}
                >
                  {t("topics.map")}
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
