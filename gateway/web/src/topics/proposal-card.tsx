import type { MappingProposal, UnclaimedTopicView } from "@tram/protocol";
import { useId } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { PropertyLines } from "./property-lines.tsx";

interface Props {
  readonly proposal: MappingProposal;
  readonly heard: readonly UnclaimedTopicView[];
  readonly onMake: () => void;
  readonly onAdjust: () => void;
}

/** What could be a Thing: made with one press, or looked at first. */
export function ProposalCard({ heard, onAdjust, onMake, proposal }: Props) {
  const { t } = useI18n();
  const headingId = useId();
  const { mapping, things } = proposal;
  const title = mapping.title ?? mapping.id;
  const action = t("topics.make", { count: things.length });
  return (
    <li className="card">
      <article aria-labelledby={headingId}>
        <header className="card-header">
          <h3 id={headingId} className="mapping-title">
            {title}
          </h3>
        </header>
        <p className="card-note">{things.join(", ")}</p>
        <PropertyLines properties={mapping.properties} heard={heard} />
        <div className="mapping-tools">
          <button
            type="button"
            className="button primary"
            aria-label={t("topics.makeOf", { action, title })}
            onClick={onMake}
          >
            {action}
          </button>
          <button
            type="button"
            className="button"
            aria-label={t("topics.adjustOf", { title })}
            onClick={onAdjust}
          >
            {t("topics.adjust")}
          </button>
        </div>
      </article>
    </li>
  );
}
