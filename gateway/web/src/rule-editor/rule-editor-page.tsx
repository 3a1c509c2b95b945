import { useEffect, useId, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { mayAdminister } from "../account/session-slice.ts";
import type { ApiProblem } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { TraceHistory } from "../rules/trace-history.tsx";
import { whyNot } from "../rules/why-not.ts";
import { Page } from "../shell/page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { type EditorContext, RuleEditorContext } from "./field-frame.tsx";
import { ProblemSummary } from "./problem-summary.tsx";
import { RuleForm } from "./rule-form.tsx";
import { proposeId } from "./rule-id.ts";
import { TextEditor } from "./text-editor.tsx";
import { useRuleDraft } from "./use-rule-draft.ts";
import { useUnsavedGuard } from "./use-unsaved-guard.ts";
import "./rule-editor.css";

type Tab = "form" | "text";

/** Makes a rule, or changes one: by the form or as text, which say the same. */
export function RuleEditorPage({ id }: { readonly id: string | undefined }) {
  const i18n = useI18n();
  const { t } = i18n;
  const ask = useApi();
  const [, navigate] = useLocation();
  const rule = useAppSelector((state) => (id === undefined ? undefined : state.rules[id]));
  const rules = useAppSelector((state) => state.rules);
  const readOnly = useAppSelector((state) => !mayAdminister(state.session));
  const { loading, draft, unsaved, load, take, changeDocument, changeText, settle } = useRuleDraft(id);
  const [chosen, setTab] = useState<Tab>("form");
  const [saving, setSaving] = useState(false);
  const [saved, setSaved] = useState(false);
  const [failure, setFailure] = useState<ApiProblem>();
  const ownId = useRef(id !== undefined);
  useUnsavedGuard(unsaved && !readOnly, t("editor.unsaved"));
  const tab: Tab = draft.document === undefined ? "text" : chosen;
  const { problems, warnings } = draft;
  // A rule that nobody has filled in yet is not wrong.
  const shown = id !== undefined || failure !== undefined;
  const context: EditorContext = useMemo(
    () => ({ problems: shown ? problems : [], warnings, readOnly }),
    [problems, warnings, readOnly, shown],
  );

  async function save(over = false): Promise<void> {
    if (saving || readOnly) return;
    setSaving(true);
    setSaved(false);
    setFailure(undefined);
    const text = await settle(tab);
    const revision = over || draft.revision === undefined ? {} : { revision: draft.revision };
    const result =
      text === undefined
        ? { ok: false as const, problem: { status: 0, code: "network", errors: [] } }
        : await ask((api) =>
            id === undefined ? api.addRule(text) : api.changeRule(id, { text, ...revision }),
          );
    setSaving(false);
    if (!result.ok) {
      setFailure(result.problem);
      return;
    }
    take(result.value);
    setSaved(true);
    if (result.value.id !== id) navigate(`/rules/${encodeURIComponent(result.value.id)}`, { replace: true });
  }

  const title = id === undefined ? t("editor.newTitle") : t("editor.title", { rule: rule?.title ?? id });
  if (loading.state !== "loaded") {
    return (
      <Page title={title}>
        <p className="empty" role="status">
          {loading.state === "loading"
            ? t("app.loading")
            : loading.problem.status === 404
              ? t("editor.gone")
              : t("editor.loadFailed", { problem: problemText(loading.problem, t) })}
        </p>
        <BackLink />
      </Page>
    );
  }
  const why = whyNot(rule?.lastTrace, i18n);
  return (
    <Page title={title}>
      {readOnly ? <p className="notice-line">{t("editor.readOnly")}</p> : null}
      <Tabs tab={tab} formPossible={draft.document !== undefined} onTab={setTab} />
      <RuleEditorContext.Provider value={context}>
        <form
          className="rule-editor"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          {tab === "form" && draft.document !== undefined ? (
            <RuleForm
              document={draft.document}
              onChange={(document) => {
                if (document.id !== draft.document?.id) ownId.current = true;
                setSaved(false);
                changeDocument(document);
              }}
              {...(id === undefined
                ? {
                    onTitle: (text: string) => {
                      const proposed = proposeId(text, (one) => Object.hasOwn(rules, one));
                      const own = ownId.current ? {} : { id: proposed };
                      changeDocument({ ...draft.document, ...own, title: text });
                    },
                  }
                : {})}
            />
          ) : (
            <>
              {draft.document === undefined ? <p className="field-problem">{t("editor.fixText")}</p> : null}
              <TextEditor
                label={t("editor.text")}
                hint={t("editor.textHint")}
                text={draft.text}
                problems={problems}
                readOnly={readOnly}
                onChange={(text) => {
                  setSaved(false);
                  changeText(text);
                }}
              />
            </>
          )}
          {tab === "form" ? <ProblemSummary problems={context.problems} warnings={warnings} /> : null}
          <div className="save-row">
            {readOnly ? null : (
              <button type="submit" className="button primary" aria-disabled={saving}>
                {t(saving ? "editor.saving" : "editor.save")}
              </button>
            )}
            <BackLink />
            <p role="status" className="muted">
              {saved && !unsaved ? t("editor.saved") : ""}
            </p>
          </div>
          <SaveFailure failure={failure} onTheirs={() => void load()} onMine={() => void save(true)} />
        </form>
      </RuleEditorContext.Provider>
      {rule === undefined ? null : (
        <section className="card editor-traces">
          <h2>{t("editor.traces")}</h2>
          {why === undefined ? null : <p className="why-not">{why}</p>}
          <TraceHistory rule={rule} />
        </section>
      )}
    </Page>
  );
}

function BackLink() {
  const { t } = useI18n();
  return (
    <Link href="/rules" className="button">
      {t("editor.cancel")}
    </Link>
  );
}

function Tabs({
  tab,
  formPossible,
  onTab,
}: {
  readonly tab: Tab;
  readonly formPossible: boolean;
  readonly onTab: (tab: Tab) => void;
}) {
  const { t } = useI18n();
  return (
    <fieldset className="tabs">
      <legend className="visually-hidden">{t("editor.tabs")}</legend>
      {(["form", "text"] as const).map((one) => (
        <button
          key={one}
          type="button"
          className="button"
          aria-pressed={tab === one}
          aria-disabled={one === "form" && !formPossible}
          onClick={() => {
            if (one !== "form" || formPossible) onTab(one);
          }}
        >
          {t(one === "form" ? "editor.form" : "editor.yaml")}
        </button>
      ))}
    </fieldset>
  );
}

/** Why the gateway did not take the rule, and what to do when somebody else was quicker. */
export function SaveFailure({
  failure,
  onTheirs,
  onMine,
}: {
  readonly failure: ApiProblem | undefined;
  readonly onTheirs: () => void;
  readonly onMine: () => void;
}) {
  const { t } = useI18n();
  const box = useId();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (failure !== undefined) element.current?.scrollIntoView({ block: "nearest" });
  }, [failure]);
  return (
    <div role="alert" id={box} ref={element}>
      {failure === undefined ? null : failure.code === "changed" ? (
        <div className="save-failure">
          <p>{t("editor.conflict")}</p>
          <button type="button" className="button" onClick={onTheirs}>
            {t("editor.loadTheirs")}
          </button>
          <button type="button" className="button" onClick={onMine}>
            {t("editor.keepMine")}
          </button>
        </div>
      ) : (
        <p className="save-failure">{t("editor.saveFailed", { problem: problemText(failure, t) })}</p>
      )}
    </div>
  );
}
