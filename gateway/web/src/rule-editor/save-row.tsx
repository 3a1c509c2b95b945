import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "wouter";
import type { ApiProblem } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import type { MessageKey } from "../i18n/catalogue.ts";
import { useI18n } from "../i18n/use-i18n.ts";

interface RowProps {
  readonly readOnly: boolean;
  readonly saving: boolean;
  readonly saved: boolean;
  readonly unsaved: boolean;
}

/** The button that saves, always in sight, and whether there is something to save. */
export function SaveRow({ readOnly, saving, saved, unsaved }: RowProps) {
  const { t } = useI18n();
  return (
    <div className="save-row">
      {readOnly ? null : (
        <button type="submit" className="button primary" aria-disabled={saving}>
          {t(saving ? "editor.saving" : "editor.save")}
        </button>
      )}
      <BackLink />
      <p role="status" className="muted">
        {unsaved && !readOnly ? t("editor.unsavedNote") : saved ? t("editor.saved") : ""}
      </p>
    </div>
  );
}

export function BackLink() {
  const { t } = useI18n();
  return (
    <Link href="/rules" className="button">
      {t("editor.back")}
    </Link>
  );
}

/** Room for what came of saving; it is there before its content is, so that it is read out. */
export function SaveAlert({ children }: { readonly children: ReactNode }) {
  const element = useRef<HTMLDivElement>(null);
  const shown = children !== null && children !== undefined;
  useEffect(() => {
    if (shown) element.current?.scrollIntoView({ block: "nearest" });
  }, [shown]);
  return (
    <div role="alert" className="save-alert" ref={element}>
      {children}
    </div>
  );
}

export function SaveProblem({ problem }: { readonly problem: ApiProblem }) {
  const { t } = useI18n();
  const { errors } = problem;
  return (
    <p className="save-failure">
      {errors.length === 0
        ? t("editor.saveFailed", { problem: problemText(problem, t) })
        : t("editor.saveProblems", { count: errors.length })}
    </p>
  );
}

/** Somebody else was quicker: what to do. */
export function Conflict({
  message,
  theirs,
  onTheirs,
  onKeep,
  onMine,
}: {
  readonly message: "editor.conflict" | "editor.conflictFile" | "editor.conflictGone";
  /** Their text, to look at first. */
  readonly theirs?: string | undefined;
  readonly onTheirs?: (() => void) | undefined;
  readonly onKeep: () => void;
  readonly onMine: () => void;
}) {
  const { t } = useI18n();
  const mine: MessageKey = message === "editor.conflictGone" ? "editor.saveNew" : "editor.saveMine";
  return (
    <div className="save-failure">
      <p>{t(message)}</p>
      {theirs === undefined ? null : (
        <details>
          <summary>{t("editor.theirs")}</summary>
          <pre>{theirs}</pre>
        </details>
      )}
      <div className="add-row">
        {onTheirs === undefined ? null : (
          <button type="button" className="button" onClick={onTheirs}>
            {t("editor.loadTheirs")}
          </button>
        )}
        <button type="button" className="button" onClick={onKeep}>
          {t("editor.keepEditing")}
        </button>
        <button type="button" className="button" onClick={onMine}>
          {t(mine)}
        </button>
      </div>
    </div>
  );
}
