import type { RuleFileView } from "@tram/protocol";
import { useCallback, useEffect, useState } from "react";
import { Link } from "wouter";
import { mayAdminister } from "../account/session-slice.ts";
import type { ApiProblem } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { Page } from "../shell/page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { SaveFailure } from "./rule-editor-page.tsx";
import { TextEditor } from "./text-editor.tsx";
import { useUnsavedGuard } from "./use-unsaved-guard.ts";
import "./rule-editor.css";

/** A whole rule file as text: for one that is not a list of rules, which has no single rules to edit. */
export function RuleFilePage({ file }: { readonly file: string }) {
  const { t } = useI18n();
  const ask = useApi();
  const readOnly = useAppSelector((state) => !mayAdminister(state.session));
  const problems = useAppSelector((state) =>
    Object.values(state.rules).flatMap((rule) => (rule.file === file ? rule.problems : [])),
  );
  const [view, setView] = useState<RuleFileView>();
  const [text, setText] = useState<string>();
  const [failure, setFailure] = useState<ApiProblem>();
  const [saved, setSaved] = useState(false);
  const unsaved = view !== undefined && text !== view.text;
  useUnsavedGuard(unsaved, t("editor.unsaved"));

  const take = useCallback((taken: RuleFileView) => {
    setView(taken);
    setText(taken.text);
    setFailure(undefined);
  }, []);

  const load = useCallback(async () => {
    const result = await ask((api) => api.ruleFile(file));
    if (result.ok) take(result.value);
    else setFailure(result.problem);
  }, [ask, file, take]);

  useEffect(() => void load(), [load]);

  async function save(over = false): Promise<void> {
    if (text === undefined || view === undefined) return;
    const revision = over ? {} : { revision: view.revision };
    const result = await ask((api) => api.changeRuleFile(file, { text, ...revision }));
    setSaved(result.ok);
    if (result.ok) take(result.value);
    else setFailure(result.problem);
  }

  return (
    <Page title={t("editor.fileTitle", { file })}>
      <form
        className="rule-editor"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {text === undefined ? (
          <p className="empty" role="status">
            {failure === undefined
              ? t("app.loading")
              : t("editor.loadFailed", { problem: problemText(failure, t) })}
          </p>
        ) : (
          <TextEditor
            label={t("editor.fileText")}
            hint={t("editor.textHint")}
            text={text}
            problems={unsaved ? [] : problems.map(withLine)}
            readOnly={readOnly}
            onChange={(typed) => {
              setSaved(false);
              setText(typed);
            }}
          />
        )}
        <div className="save-row">
          {readOnly || text === undefined ? null : (
            <button type="submit" className="button primary">
              {t("editor.save")}
            </button>
          )}
          <Link href="/rules" className="button">
            {t("editor.cancel")}
          </Link>
          <p role="status" className="muted">
            {saved && !unsaved ? t("editor.saved") : ""}
          </p>
        </div>
        {text === undefined ? null : (
          <SaveFailure failure={failure} onTheirs={() => void load()} onMine={() => void save(true)} />
        )}
      </form>
    </Page>
  );
}

/** The gateway tells the line of what is not YAML inside the sentence. */
function withLine({ path, problem }: { readonly path: string; readonly problem: string }) {
  const line = /^line (\d+), /.exec(problem)?.[1];
  return { path, problem, ...(line === undefined ? {} : { line: Number(line) }) };
}
