import type { RuleFileView, RuleView } from "@tram/protocol";
import { type FormEvent, useCallback, useEffect, useId, useRef, useState } from "react";
import { mayAdminister } from "../account/session-slice.ts";
import type { ApiProblem } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { Page } from "../shell/page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { ProblemSummary } from "./problem-summary.tsx";
import type { Told } from "./problems.ts";
import { BackLink, Conflict, SaveAlert, SaveProblem, SaveRow } from "./save-row.tsx";
import { goToLine, TextEditor } from "./text-editor.tsx";
import { useUnsavedGuard } from "./use-unsaved-guard.ts";
import { VersionList } from "./version-list.tsx";
import "./editor-texts.ts";
import "./rule-editor.css";

/** A whole rule file as text: for one that is not a list of rules, which has no single rules to edit. */
export function RuleFilePage({ file }: { readonly file: string }) {
  const { t } = useI18n();
  const ask = useApi();
  const problemsId = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const readOnly = useAppSelector((state) => !mayAdminister(state.session));
  const rules = useAppSelector((state) => state.rules);
  const [view, setView] = useState<RuleFileView>();
  const [text, setText] = useState<string>();
  const [failure, setFailure] = useState<ApiProblem>();
  const [theirs, setTheirs] = useState<RuleFileView>();
  const [saved, setSaved] = useState(false);
  const [saving, setSaving] = useState(false);
  const unsaved = view !== undefined && text !== view.text;
  useUnsavedGuard(unsaved && !readOnly, t("editor.unsaved"));
  // The gateway's words are about the text that it keeps. Rules that go on while the file is broken tell its problem too.
  const told = unsaved ? [] : distinct(Object.values(rules).filter((rule) => rule.file === file));

  const take = useCallback((taken: RuleFileView) => {
    setView(taken);
    setText(taken.text);
    setFailure(undefined);
    setTheirs(undefined);
  }, []);

  const load = useCallback(async () => {
    const result = await ask((api) => api.ruleFile(file));
    if (result.ok) take(result.value);
    else setFailure(result.problem);
  }, [ask, file, take]);

  useEffect(() => void load(), [load]);

  async function save(revision: string | undefined): Promise<void> {
    if (text === undefined || revision === undefined || saving || readOnly) return;
    setSaving(true);
    setSaved(false);
    setFailure(undefined);
    setTheirs(undefined);
    const sent = text;
    const result = await ask((api) => api.changeRuleFile(file, { text: sent, revision }));
    const other =
      !result.ok && result.problem.code === "changed" ? await ask((api) => api.ruleFile(file)) : undefined;
    setSaving(false);
    if (result.ok) {
      setSaved(true);
      setView(result.value);
      // What was typed meanwhile stays.
      setText((typed) => (typed === sent ? result.value.text : typed));
    } else if (other?.ok === true) setTheirs(other.value);
    else setFailure(result.problem);
  }

  return (
    <Page title={t("editor.fileTitle", { file })}>
      <form
        className="rule-editor"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void save(view?.revision);
        }}
      >
        {text === undefined ? (
          <p className="empty" role="status">
            {failure === undefined
              ? t("app.loading")
              : t("editor.loadFailed", { problem: problemText(failure, t) })}
          </p>
        ) : (
          <>
            {readOnly ? <p className="notice-line">{t("editor.readOnly")}</p> : null}
            <TextEditor
              label={t("editor.fileText")}
              text={text}
              wrong={told.flatMap(({ line }) => line ?? [])}
              problemsId={problemsId}
              readOnly={readOnly}
              area={area}
              onChange={(typed) => {
                setSaved(false);
                setText(typed);
              }}
            />
            <div id={problemsId}>
              <ProblemSummary
                problems={told}
                warnings={[]}
                of="file"
                onPick={({ line }) => {
                  if (area.current !== null) goToLine(area.current, line ?? 1);
                }}
              />
            </div>
            <SaveAlert>
              {theirs !== undefined ? (
                <Conflict
                  message="editor.conflictFile"
                  theirs={theirs.text}
                  onTheirs={() => take(theirs)}
                  onKeep={() => setTheirs(undefined)}
                  onMine={() => void save(theirs.revision)}
                />
              ) : failure === undefined ? null : (
                <SaveProblem problem={failure} />
              )}
            </SaveAlert>
          </>
        )}
        {text === undefined ? (
          <div className="save-row">
            <BackLink />
          </div>
        ) : (
          <SaveRow readOnly={readOnly} saving={saving} saved={saved} unsaved={unsaved} />
        )}
      </form>
      {view === undefined ? null : (
        <VersionList
          subject={{ file }}
          seen={view.revision}
          unsaved={unsaved}
          onRolledBack={(kept) => {
            if (!("id" in kept)) take(kept);
          }}
        />
      )}
    </Page>
  );
}

function distinct(rules: readonly Pick<RuleView, "problems">[]): readonly Told[] {
  const problems = rules.flatMap((rule) => rule.problems);
  const byPlace = new Map(problems.map((problem) => [`${problem.path} ${problem.problem}`, problem]));
  return [...byPlace.values()].map(withLine);
}

/** The gateway tells the line of what is not YAML inside the sentence. */
function withLine({ path, problem }: { readonly path: string; readonly problem: string }): Told {
  const [, line, rest = problem] = /^line (\d+), column \d+: (.*)$/s.exec(problem) ?? [];
  return { path, problem: rest, lang: "en", ...(line === undefined ? {} : { line: Number(line) }) };
}
