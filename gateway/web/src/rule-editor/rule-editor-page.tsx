import { type FormEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { mayAdminister } from "../account/session-slice.ts";
import { problemText } from "../api/problem-text.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { LastGoodNote } from "../rules/last-good-note.tsx";
import { TraceHistory } from "../rules/trace-history.tsx";
import { useTraces } from "../rules/use-traces.ts";
import { WhyNotLine } from "../rules/why-not-line.tsx";
import { Page } from "../shell/page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { findProperty } from "../things/find-property.ts";
import { EditorTabs } from "./editor-tabs.tsx";
import { type EditorContext, RuleEditorContext } from "./field-frame.tsx";
import { lineOfPart } from "./part-lines.ts";
import { ProblemSummary } from "./problem-summary.tsx";
import { inWords, warningsInWords } from "./problem-words.ts";
import { anchorOf, type Told } from "./problems.ts";
import { type DraftState, type RuleDraft, UNREAD } from "./rule-draft.ts";
import { RuleForm } from "./rule-form.tsx";
import { proposeId, rulePath } from "./rule-id.ts";
import { BackLink, Conflict, SaveAlert, SaveProblem, SaveRow } from "./save-row.tsx";
import { goToLine, TextEditor } from "./text-editor.tsx";
import { handOver, useRuleDraft } from "./use-rule-draft.ts";
import { useUnsavedGuard } from "./use-unsaved-guard.ts";
import { VersionList } from "./version-list.tsx";
import "./editor-texts.ts";
import "./rule-editor.css";

/** Makes a rule, or changes one: by the form or as text, which say the same. */
export function RuleEditorPage({ id }: { readonly id: string | undefined }) {
  const { t } = useI18n();
  const rule = useAppSelector((state) => (id === undefined ? undefined : state.rules[id]));
  const [draft, state] = useRuleDraft(id);
  const kept = rule?.title ?? (typeof state.document?.title === "string" ? state.document.title : id);
  const title = id === undefined ? t("editor.newTitle") : t("editor.title", { rule: kept ?? id });
  return (
    <Page title={title}>
      {rule === undefined ? null : <LastGoodNote rule={rule} />}
      {state.phase === "open" ? (
        <Editor id={id} draft={draft} state={state} />
      ) : (
        <>
          <p className="empty" role="status">
            {state.failure === undefined
              ? t("app.loading")
              : state.failure.status === 404
                ? t("editor.gone")
                : t("editor.loadFailed", { problem: problemText(state.failure, t) })}
          </p>
          <div className="save-row">
            <BackLink />
          </div>
        </>
      )}
      {rule === undefined ? null : <Past id={rule.id} />}
      {id === undefined || state.phase !== "open" ? null : (
        <VersionList
          subject={{ rule: id }}
          seen={rule?.version}
          unsaved={state.unsaved}
          onRolledBack={(kept) => {
            if ("id" in kept) draft.take(kept);
          }}
        />
      )}
    </Page>
  );
}

interface EditorProps {
  readonly id: string | undefined;
  readonly draft: RuleDraft;
  readonly state: DraftState;
}

function Editor({ id, draft, state }: EditorProps) {
  const { t } = useI18n();
  const [, navigate] = useLocation();
  const rules = useAppSelector((all) => all.rules);
  const readOnly = useAppSelector((all) => !mayAdminister(all.session));
  const [tried, setTried] = useState(id !== undefined);
  // The id of a new rule follows its title until somebody writes one.
  const [ownId, setOwnId] = useState(id !== undefined);
  const [said, setSaid] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const [line, setLine] = useState<number>();
  const problemsId = useId();
  const { document: rule, text, view } = state;
  useUnsavedGuard(state.unsaved && !readOnly, t("editor.unsaved"));

  const { affordanceOf, problems, warnings } = useTold(state);
  // A rule that nobody has filled in yet is not wrong; an id that is taken is worth knowing at once.
  const shown =
    tried || (view === "text" && state.unsaved)
      ? problems
      : problems.filter(({ path }) => path === "id" && rule?.id !== "");

  async function openText(path: string, known?: number): Promise<void> {
    if (!(await draft.show("text"))) return;
    setLine(known ?? lineOf(path, draft.state.text));
  }

  function pick({ line: known, path }: Told): void {
    const find = (one: string) => document.querySelector<HTMLElement>(`[data-path="${CSS.escape(one)}"]`);
    const anchor = view === "form" ? anchorOf(path, (one) => find(one) !== null) : undefined;
    if (anchor === undefined) void openText(path, known);
    else find(anchor)?.focus();
  }

  useEffect(() => {
    if (line === undefined || area.current === null) return;
    setLine(undefined);
    goToLine(area.current, line);
  }, [line]);

  async function save(over?: Parameters<RuleDraft["save"]>[0]): Promise<void> {
    if (readOnly) return;
    setTried(true);
    const saved = await draft.save(over);
    if (saved === undefined || saved.id === id) return;
    handOver(draft);
    navigate(rulePath(saved.id), { replace: true });
  }

  const context: EditorContext = {
    draft,
    announce: setSaid,
    problems: shown,
    warnings,
    readOnly,
    affordanceOf,
  };
  return (
    <RuleEditorContext.Provider value={context}>
      {readOnly ? <p className="notice-line">{t("editor.readOnly")}</p> : null}
      <EditorTabs
        view={view}
        formPossible={rule !== undefined}
        onView={(wanted) => void draft.show(wanted)}
      />
      <form
        className="rule-editor"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void save();
        }}
      >
        {view === "form" && rule !== undefined ? (
          <RuleForm
            document={rule}
            onChange={(changed) => {
              const renamed = changed.id !== rule.id && changed.title === rule.title;
              if (renamed) setOwnId(changed.id !== "");
              draft.changeDocument(changed);
            }}
            proposed={
              ownId
                ? undefined
                : (title) => (title === "" ? "" : proposeId(title, (one) => Object.hasOwn(rules, one)))
            }
          />
        ) : (
          <>
            {rule === undefined ? <p className="field-problem">{t("editor.fixText")}</p> : null}
            <TextEditor
              label={t("editor.text")}
              text={text}
              wrong={shown.flatMap((told) => told.line ?? [])}
              problemsId={problemsId}
              readOnly={readOnly}
              area={area}
              onChange={(typed) => draft.changeText(typed)}
            />
          </>
        )}
        <p className="visually-hidden" role="status" data-said>
          {said}
        </p>
        <div id={problemsId}>
          <ProblemSummary problems={shown} warnings={warnings} onPick={pick} />
        </div>
        <Outcome draft={draft} state={state} onSave={(over) => void save(over)} />
        <SaveRow readOnly={readOnly} saving={state.saving} saved={state.saved} unsaved={state.unsaved} />
      </form>
    </RuleEditorContext.Provider>
  );
}

/** What the gateway found, in the person's words. */
function useTold({ document, problems, warnings }: DraftState) {
  const i18n = useI18n();
  const things = useAppSelector((all) => all.things.descriptions);
  return useMemo(() => {
    const affordanceOf = (reference: unknown) =>
      typeof reference === "string" ? findProperty(things, reference)?.affordance : undefined;
    const words = { document, affordanceOf, i18n };
    return {
      affordanceOf,
      problems: inWords(problems, words),
      warnings: warningsInWords(warnings, words),
    };
  }, [things, i18n, document, problems, warnings]);
}

/** What came of saving or of asking the gateway, where it was not what was wanted. */
function Outcome({
  draft,
  state,
  onSave,
}: {
  readonly draft: RuleDraft;
  readonly state: DraftState;
  readonly onSave: (over: Parameters<RuleDraft["save"]>[0]) => void;
}) {
  const { t } = useI18n();
  const { refusal, trouble } = state;
  return (
    <SaveAlert>
      {refusal === undefined ? (
        trouble === undefined ? null : (
          <p className="save-failure">
            {trouble === UNREAD
              ? t("editor.unread")
              : t("editor.notChecked", { problem: problemText(trouble, t) })}
          </p>
        )
      ) : refusal.kind === "unread" ? (
        <p className="save-failure">{t("editor.unread")}</p>
      ) : refusal.kind === "problem" ? (
        <SaveProblem problem={refusal.problem} />
      ) : refusal.kind === "gone" ? (
        <Conflict message="editor.conflictGone" onKeep={() => draft.dismiss()} onMine={() => onSave("new")} />
      ) : (
        <Conflict
          message="editor.conflict"
          theirs={refusal.theirs.text}
          onTheirs={() => draft.take(refusal.theirs)}
          onKeep={() => draft.dismiss()}
          onMine={() => onSave(refusal.theirs)}
        />
      )}
    </SaveAlert>
  );
}

/** The line of a path in the text, as near as it can be told without reading YAML. */
function lineOf(path: string, text: string): number {
  const [, list, index] = /^(triggers|conditions|actions)(?:\[(\d+)\])?/.exec(path) ?? [];
  if (list === "triggers" || list === "conditions" || list === "actions")
    return lineOfPart(text, list, Number(index ?? 0)) ?? 1;
  const key = /^\w+/.exec(path)?.[0];
  const at = key === undefined ? -1 : text.split("\n").findIndex((line) => line.startsWith(`${key}:`));
  return at < 0 ? 1 : at + 1;
}

/** What the rule did, and why it did not. */
function Past({ id }: { readonly id: string }) {
  const { t } = useI18n();
  const headingId = useId();
  const history = useTraces(useAppSelector((state) => state.rules[id]));
  return (
    <section className="card editor-traces" aria-labelledby={headingId}>
      <h2 id={headingId}>{t("editor.traces")}</h2>
      <WhyNotLine traces={history.traces} />
      <TraceHistory {...history} />
    </section>
  );
}
