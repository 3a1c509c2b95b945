import type { MappedProperty, UnclaimedTopicView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";

interface Props {
  readonly properties: Readonly<Record<string, MappedProperty>>;
  /** What was heard last. */
  readonly heard?: readonly UnclaimedTopicView[];
}

/** Which topic is which property, in a line each. */
export function PropertyLines({ heard, properties }: Props) {
  const { t } = useI18n();
  return (
    <dl className="mapping-lines">
      {Object.entries(properties).map(([key, { read, unit, write }]) => {
        // Of a whole JSON document nobody sees the value.
        const value =
          read === undefined || read.path !== undefined
            ? undefined
            : heard?.find(({ topic }) => isOf(topic, read.topic))?.payload;
        return (
          <div key={key}>
            <dt>
              <code>{key}</code>
              {unit === undefined ? null : <span className="muted"> {unit}</span>}
            </dt>
            <dd>
              {read === undefined ? null : (
                <>
                  <code>{read.topic}</code>
                  {read.path === undefined ? null : (
                    <>
                      {" → "}
                      <code>{read.path}</code>
                    </>
                  )}
                  {value === undefined ? null : <span className="muted mapping-value"> {value}</span>}
                </>
              )}
              {write === undefined ? null : (
                <div className="muted">
                  {t("topics.write")} <code>{write.topic}</code>
                </div>
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** Whether a topic is the one of a mapping, or of one of its devices. */
function isOf(topic: string, mapped: string): boolean {
  const levels = mapped.split("/");
  const found = topic.split("/");
  return (
    levels.length === found.length && levels.every((level, at) => level === "{id}" || level === found[at])
  );
}
