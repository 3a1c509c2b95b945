import { type FormEvent, useLayoutEffect, useRef, useState } from "react";
import { FormField } from "../account/form-field.tsx";
import type { ApiProblem } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useUnsavedGuard } from "../rule-editor/use-unsaved-guard.ts";
import { Complaints } from "../shell/complaints.tsx";
import {
  faultsOf,
  type MappingDraft,
  mappingOf,
  placed,
  withNewRow,
  withoutRow,
  withRow,
} from "./mapping-draft.ts";
import { PropertyFields } from "./property-fields.tsx";

/** What is edited, and what it was before. */
export interface Editing {
  readonly draft: MappingDraft;
  /** Of the mapping that is changed; undefined for a new one. */
  readonly revision: string | undefined;
}

interface Props {
  readonly editing: Editing;
  readonly onSaved: (title: string) => void;
  readonly onCancel: () => void;
}

/** A mapping as a form. */
export function MappingForm({ editing, onCancel, onSaved }: Props) {
  const { t } = useI18n();
  const ask = useApi();
  const [draft, setDraft] = useState(editing.draft);
  const [problem, setProblem] = useState<ApiProblem>();
  const [tried, setTried] = useState(false);
  const [saving, setSaving] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { mapping, rows } = draft;
  const { revision } = editing;
  const isNew = revision === undefined;
  useUnsavedGuard(draft !== editing.draft, t("topics.unsaved"));
  useLayoutEffect(() => form.current?.querySelector("h2")?.focus(), []);

  const missing = tried ? faultsOf(draft) : [];
  const problems = new Map([
    ...placed(problem?.errors ?? [], draft),
    ...missing.map(([path, why]) => [path, t(`topics.${why}`)] as const),
  ]);

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setTried(true);
    setProblem(undefined);
    if (saving || faultsOf(draft).length > 0) {
      showFirst(form.current);
      return;
    }
    setSaving(true);
    const saved = mappingOf(draft);
    const result = await ask((api) => api.putMapping(saved, revision));
    setSaving(false);
    if (result.ok) onSaved(saved.title ?? saved.id);
    else {
      setProblem(result.problem);
      showFirst(form.current);
    }
  }

  const failure =
    missing.length > 0 || (problem?.errors.length ?? 0) > 0
      ? t("topics.saveProblems", { count: problems.size })
      : problem === undefined
        ? undefined
        : t("topics.saveFailed", { problem: problemText(problem, t) });
  const elsewhere = [...problems].filter(([path]) => path !== "id" && path !== "title" && !SHOWN.test(path));
  const title = mapping.title ?? mapping.id;
  return (
    <form className="mapping-form" noValidate ref={form} onSubmit={(event) => void save(event)}>
      <h2 tabIndex={-1}>{isNew ? t("topics.newTitle") : t("topics.editTitle", { title })}</h2>
      <div className="card mapping-property">
        <FormField
          label={t("topics.title")}
          problem={problems.get("title")}
          autoComplete="off"
          required={false}
          value={mapping.title ?? ""}
          onChange={(event) => {
            const { title: _before, ...rest } = mapping;
            const named = event.target.value;
            setDraft({ ...draft, mapping: named === "" ? rest : { ...rest, title: named } });
          }}
        />
        <FormField
          label={t("topics.id")}
          hint={t("topics.idHint", { id: "{id}" })}
          problem={problems.get("id")}
          autoCapitalize="none"
          autoComplete="off"
          required={false}
          readOnly={!isNew}
          value={mapping.id}
          onChange={(event) => setDraft({ ...draft, mapping: { ...mapping, id: event.target.value } })}
        />
      </div>
      {rows.map((row, index) => (
        <PropertyFields
          key={row.row}
          row={row}
          number={index + 1}
          problems={problems}
          onChange={(change) => setDraft(withRow(draft, row.row, change))}
          onRemove={
            rows.length === 1
              ? undefined
              : () => {
                  setDraft(withoutRow(draft, row.row));
                  form.current?.querySelector("h2")?.focus();
                }
          }
        />
      ))}
      <div>
        <button type="button" className="button" onClick={() => setDraft(withNewRow(draft))}>
          {t("topics.addProperty")}
        </button>
      </div>
      <div role="alert">
        {failure === undefined ? null : <p className="form-problem">{failure}</p>}
        <Complaints
          title={t("topics.problems")}
          tone="bad"
          level={3}
          list={elsewhere.map(([where, text]) => ({ where, problem: text }))}
        />
      </div>
      <div className="mapping-tools">
        <button type="submit" className="button primary" aria-disabled={saving}>
          {t("topics.save")}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {t("topics.cancel")}
        </button>
      </div>
    </form>
  );
}

/** Places that have a field of their own. */
const SHOWN = /^rows\[\d+\](?:\.(?:type|unit|read|read\.topic|read\.path|write|write\.topic))?$/;

/** Leads to the first field that is wrong, once it says so. */
function showFirst(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
