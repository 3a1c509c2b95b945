import type { CloudView } from "@tram/protocol";
import { type FormEvent, useId, useRef, useState } from "react";
import type { ApiProblem } from "../api/client.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { type CloudEntry, faultsOf, membersOf, refusedFields } from "./cloud-entry.ts";
import type { CredentialKind } from "./credential-kinds.ts";
import { EntryField, showFirst } from "./entry-field.tsx";

interface Props {
  readonly id: string;
  readonly kind: CredentialKind;
  readonly onReplaced: (cloud: CloudView) => void;
  /** Of something that is wrong with no field. */
  readonly onFailed: (problem: ApiProblem | undefined) => void;
}

/** Another certificate or password for a cloud that somebody has given it for. The secret is here while this is open. */
export function ReplaceCredential({ id, kind: { fields, send, title }, onFailed, onReplaced }: Props) {
  const { t } = useI18n();
  const ask = useApi();
  const leadId = useId();
  const form = useRef<HTMLFormElement>(null);
  const [entry, setEntry] = useState<CloudEntry>({});
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<ApiProblem>();
  const problems = new Map<string, string>([
    ...(refusal === undefined ? [] : refusedFields(fields, refusal)),
    ...(tried ? [...faultsOf(fields, entry)].map(([at, key]) => [at, t(key)] as const) : []),
  ]);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    setTried(true);
    setRefusal(undefined);
    onFailed(undefined);
    if (faultsOf(fields, entry).size > 0) {
      showFirst(form.current);
      return;
    }
    setBusy(true);
    const result = await ask((api) => send(api, id, membersOf(fields, entry)));
    setBusy(false);
    if (result.ok) onReplaced(result.value);
    else if (refusedFields(fields, result.problem).size > 0) {
      setRefusal(result.problem);
      showFirst(form.current);
    } else onFailed(result.problem);
  }

  return (
    <form
      ref={form}
      className="cloud-form"
      noValidate
      autoComplete="off"
      aria-label={`${t(title)}: ${id}`}
      aria-describedby={leadId}
      onSubmit={(event) => void submit(event)}
    >
      <p id={leadId} className="muted">
        {t("cloud.replaceLead")}
      </p>
      <div className="cloud-fields">
        {fields.map((field) => (
          <EntryField
            key={field.at}
            field={field}
            value={entry[field.at]}
            problem={problems.get(field.at)}
            onChange={(value) => setEntry((before) => ({ ...before, [field.at]: value }))}
          />
        ))}
      </div>
      <div>
        <button type="submit" className="button primary" aria-disabled={busy}>
          {t(busy ? "cloud.replacing" : title)}
        </button>
      </div>
    </form>
  );
}
