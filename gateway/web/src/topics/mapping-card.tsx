import type { MappingView } from "@tram/protocol";
import { useId } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { Chip } from "../shell/chip.tsx";
import { Complaints } from "../shell/complaints.tsx";
import { PropertyLines } from "./property-lines.tsx";

interface Props {
  readonly view: MappingView;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

/** A mapping that is there: what it reads, what it makes, and what is wrong with it. */
export function MappingCard({ onDelete, onEdit, view }: Props) {
  const { t } = useI18n();
  const headingId = useId();
  const { active, mapping, origin, problems, things } = view;
  const title = mapping.title ?? mapping.id;
  return (
    <li className="card">
      <article aria-labelledby={headingId}>
        <header className="card-header">
          <h3 id={headingId} className="mapping-title">
            {title}
          </h3>
          {active ? null : <Chip tone="bad">{t("topics.inactive")}</Chip>}
          <Chip tone="plain">{t(`topics.origin.${origin}`)}</Chip>
        </header>
        <p className="card-note">
          {mapping.id} · {t("topics.things", { count: things.length })}
        </p>
        <Complaints
          title={t("topics.problems")}
          tone={active ? "warn" : "bad"}
          level={3}
          list={problems.map(({ path, problem }) => ({ where: path, problem }))}
        />
        <PropertyLines properties={mapping.properties ?? {}} />
        {origin === "configuration" ? null : (
          <div className="mapping-tools">
            <button
              type="button"
              className="button"
              aria-label={t("topics.editOf", { title })}
              onClick={onEdit}
            >
              {t("topics.edit")}
            </button>
            <button
              type="button"
              className="button"
              aria-label={t("topics.deleteOf", { title })}
              onClick={onDelete}
            >
              {t("topics.delete")}
            </button>
          </div>
        )}
      </article>
    </li>
  );
}
