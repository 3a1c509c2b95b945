import type { MappingProposal, MappingView, UnclaimedTopicView } from "@tram/protocol";
import { useId, useState } from "react";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { Page } from "../shell/page.tsx";
import { HeardTable } from "./heard-table.tsx";
import { MappingCard } from "./mapping-card.tsx";
import { draftOf, newDraft } from "./mapping-draft.ts";
import { type Editing, MappingForm } from "./mapping-form.tsx";
import { ProposalCard } from "./proposal-card.tsx";
import { useTopics } from "./use-topics.ts";
import "./topics-texts.ts";
import "./topics.css";

/** Plain topics: what could be Things, what is mapped, and what was heard. */
export function TopicsPage() {
  const { t } = useI18n();
  const ask = useApi();
  const [editing, setEditing] = useState<Editing>();
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState<string>();
  const [{ failure, heard, mappings }, look] = useTopics(editing === undefined);

  /** The focus must not go with what had it. */
  function done(text: string): void {
    setEditing(undefined);
    setSaid(text);
    document.querySelector<HTMLElement>("main h1")?.focus();
    void look();
  }

  async function make({ mapping }: MappingProposal): Promise<void> {
    const result = await ask((api) => api.putMapping(mapping, undefined));
    setProblem(result.ok ? undefined : problemText(result.problem, t));
    if (result.ok) done(t("topics.made", { title: mapping.title ?? mapping.id }));
  }

  async function remove({ mapping }: MappingView): Promise<void> {
    const title = mapping.title ?? mapping.id;
    if (!confirm(t("topics.deleteSure", { title }))) return;
    const result = await ask((api) => api.removeMapping(mapping.id));
    setProblem(result.ok ? undefined : problemText(result.problem, t));
    if (result.ok) done(t("topics.deleted", { title }));
  }

  const wrong = problem ?? (failure && t("topics.loadFailed", { problem: problemText(failure, t) }));
  return (
    <Page title={t("things.topics")}>
      <div className="topics">
        <p className="muted">{t("topics.lead")}</p>
        <div role="alert">{wrong === undefined ? null : <p className="card-problem">{wrong}</p>}</div>
        <p className="visually-hidden" role="status">
          {said}
        </p>
        {editing !== undefined ? (
          <MappingForm
            editing={editing}
            onCancel={() => done("")}
            onSaved={(title) => done(t("topics.made", { title }))}
          />
        ) : mappings === undefined || heard === undefined ? (
          <p className="empty">{failure === undefined ? t("app.loading") : null}</p>
        ) : (
          <>
            <div className="mapping-tools">
              <button
                type="button"
                className="button"
                onClick={() => setEditing({ draft: newDraft(), revision: undefined })}
              >
                {t("topics.add")}
              </button>
              <button type="button" className="button" onClick={() => void look()}>
                {t("topics.refresh")}
              </button>
            </div>
            <Proposals
              proposals={heard.proposals}
              topics={heard.topics}
              onMake={(proposal) => void make(proposal)}
              onAdjust={({ mapping }) => setEditing({ draft: draftOf(mapping), revision: undefined })}
            />
            <Mapped
              mappings={mappings}
              onEdit={({ mapping, revision }) => setEditing({ draft: draftOf(mapping), revision })}
              onDelete={(view) => void remove(view)}
            />
            <Heard
              topics={heard.topics}
              unheard={heard.unheard}
              onMap={(topic) => setEditing({ draft: newDraft(topic), revision: undefined })}
            />
          </>
        )}
      </div>
    </Page>
  );
}

function Proposals(props: {
  readonly proposals: readonly MappingProposal[];
  readonly topics: readonly UnclaimedTopicView[];
  readonly onMake: (proposal: MappingProposal) => void;
  readonly onAdjust: (proposal: MappingProposal) => void;
}) {
  const { t } = useI18n();
  const id = useId();
  return (
    <section className="topics-section" aria-labelledby={id}>
      <h2 id={id}>{t("topics.proposals")}</h2>
      {props.proposals.length === 0 ? <p className="muted">{t("topics.noProposals")}</p> : null}
      <ul className="mapping-list">
        {props.proposals.map((proposal) => (
          <ProposalCard
            key={proposal.mapping.id}
            proposal={proposal}
            heard={props.topics}
            onMake={() => props.onMake(proposal)}
            onAdjust={() => props.onAdjust(proposal)}
          />
        ))}
      </ul>
    </section>
  );
}

function Mapped(props: {
  readonly mappings: readonly MappingView[];
  readonly onEdit: (view: MappingView) => void;
  readonly onDelete: (view: MappingView) => void;
}) {
  const { t } = useI18n();
  const id = useId();
  return (
    <section className="topics-section" aria-labelledby={id}>
      <h2 id={id}>{t("topics.mapped")}</h2>
      {props.mappings.length === 0 ? <p className="muted">{t("topics.noMapped")}</p> : null}
      <ul className="mapping-list">
        {props.mappings.map((view) => (
          <MappingCard
            key={`${view.origin} ${view.mapping.id}`}
            view={view}
            onEdit={() => props.onEdit(view)}
            onDelete={() => props.onDelete(view)}
          />
        ))}
      </ul>
    </section>
  );
}

function Heard(props: {
  readonly topics: readonly UnclaimedTopicView[];
  readonly unheard: number;
  readonly onMap: (topic: UnclaimedTopicView) => void;
}) {
  const { t } = useI18n();
  const id = useId();
  return (
    <section className="card topics-section" aria-labelledby={id}>
      <h2 id={id}>{t("topics.heard")}</h2>
      {props.topics.length === 0 ? (
        <p className="muted">{t("topics.noHeard")}</p>
      ) : (
        <HeardTable topics={props.topics} onMap={props.onMap} />
      )}
      {props.unheard === 0 ? null : <p className="muted">{t("topics.unheard", { count: props.unheard })}</p>}
    </section>
  );
}
