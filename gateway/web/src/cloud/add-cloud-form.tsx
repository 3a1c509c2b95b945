import type { CloudAdded } from "@tram/protocol";
import { type FormEvent, useId, useLayoutEffect, useRef, useState } from "react";
import type { ApiProblem } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useUnsavedGuard } from "../rule-editor/use-unsaved-guard.ts";
import { CheckReport } from "./check-report.tsx";
import { faultsOf, freshEntry, refusedFields, requestOf } from "./cloud-entry.ts";
import { CLOUD_KINDS, type CloudKind, type FieldSpec, fieldsOf } from "./cloud-kinds.ts";
import { EntryField, showFirst } from "./entry-field.tsx";
import { useCheck } from "./use-check.ts";

interface Props {
  /** Ids that there are. */
  readonly taken: readonly string[];
  readonly onAdded: (added: CloudAdded) => void;
  readonly onCancel: () => void;
}

/**
 * Adds a cloud. Keys and passwords are in the state of this form alone, for as long as it is open: a check that fails is
 * tried again with them, and what closes the form forgets them.
 */
export function AddCloudForm({ taken, onAdded, onCancel }: Props) {
  const { t } = useI18n();
  const ask = useApi();
  const form = useRef<HTMLFormElement>(null);
  const kindsName = useId();
  const [kind, setKind] = useState<CloudKind>(CLOUD_KINDS[0] as CloudKind);
  const [fresh, setFresh] = useState(() => freshEntry(kind, taken));
  const [entry, setEntry] = useState(fresh);
  const [tried, setTried] = useState(false);
  const [refusal, setRefusal] = useState<ApiProblem>();
  const [check, watch] = useCheck();
  const busy = check?.runs === true;
  const fields = fieldsOf(kind);
  useUnsavedGuard(entry !== fresh, t("cloud.add.unsaved"));
  useLayoutEffect(() => form.current?.querySelector("h2")?.focus(), []);

  const faults = tried ? faultsOf(fields, entry) : new Map<string, never>();
  const problems = new Map<string, string>([
    ...(refusal === undefined ? [] : refusedFields(fields, refusal)),
    ...(isTaken(refusal) ? [["id", t("cloud.add.idTaken")] as const] : []),
    ...[...faults].map(([at, key]) => [at, t(key)] as const),
  ]);

  function choose(next: CloudKind): void {
    const empty = freshEntry(next, taken);
    setKind(next);
    setFresh(empty);
    setEntry(empty);
    setTried(false);
    setRefusal(undefined);
    watch.forget();
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    setTried(true);
    setRefusal(undefined);
    if (faultsOf(fields, entry).size > 0) {
      showFirst(form.current);
      return;
    }
    const request = requestOf(kind, entry);
    watch.begin(request.id);
    const result = await ask((api) => api.addCloud(request));
    if (result.ok) {
      onAdded(result.value);
      return;
    }
    setRefusal(result.problem);
    watch.end(result.problem.check);
    if (refusedFields(fields, result.problem).size > 0 || isTaken(result.problem)) showFirst(form.current);
  }

  const failure =
    problems.size > 0
      ? t("cloud.add.faults", { count: problems.size })
      : refusal === undefined
        ? undefined
        : failureOf(refusal);

  function failureOf(problem: ApiProblem): string | undefined {
    // The steps tell it.
    if (problem.check !== undefined) return undefined;
    if (problem.status === 0) return t("cloud.add.noAnswer");
    return problem.code === "busy" ? t("cloud.busy") : problemText(problem, t);
  }

  const show = (field: FieldSpec) => (
    <EntryField
      key={`${kind.key} ${field.at}`}
      field={field}
      value={entry[field.at]}
      problem={problems.get(field.at)}
      onChange={(value) => setEntry((before) => ({ ...before, [field.at]: value }))}
    />
  );
  return (
    <form
      className="card cloud-form"
      noValidate
      autoComplete="off"
      ref={form}
      onSubmit={(event) => void submit(event)}
    >
      <h2 tabIndex={-1}>{t("cloud.add")}</h2>
      <fieldset className="form-field">
        <legend>{t("cloud.add.kind")}</legend>
        <div className="cloud-kinds">
          {CLOUD_KINDS.map((each) => (
            <label key={each.key} className="checkbox">
              <input type="radio" name={kindsName} checked={each === kind} onChange={() => choose(each)} />
              {t(each.title)}
            </label>
          ))}
        </div>
        <p className="hint">{t(kind.lead)}</p>
      </fieldset>
      <div className="cloud-fields">{kind.fields.map(show)}</div>
      <details open={kind.rarely.some(({ at }) => problems.has(at)) || undefined}>
        <summary>{t("cloud.add.rarely")}</summary>
        <div className="cloud-fields">{kind.rarely.map(show)}</div>
      </details>
      <div className="bridge-tools">
        <button type="submit" className="button primary" aria-disabled={busy}>
          {t(busy ? "cloud.add.submitting" : "cloud.add.submit")}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {t("cloud.add.cancel")}
        </button>
      </div>
      <div role="alert">{failure === undefined ? null : <p className="form-problem">{failure}</p>}</div>
      <CheckReport
        state={check}
        provider={kind.provider}
        title={t("cloud.steps")}
        lost={t("cloud.add.notKept")}
      />
    </form>
  );
}

function isTaken(problem: ApiProblem | undefined): boolean {
  return problem?.code === "exists" || problem?.code === "configured";
}
