import type { CloudView } from "@tram/protocol";
import { useState } from "react";
import type { ApiProblem } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { CheckReport } from "./check-report.tsx";
import { type CredentialKind, credentialsOf } from "./credential-kinds.ts";
import { ReplaceCredential } from "./replace-credential.tsx";
import { useCheck } from "./use-check.ts";

interface Props {
  readonly cloud: CloudView;
  /** Messages that would be lost with it. */
  readonly waiting: number;
  /** Something was done. @param gone whether the cloud went with it. */
  readonly onDone: (said: string, gone: boolean) => void;
}

type Deed = "renew" | "remove";

/** What an administrator does with one cloud: look why it does not work, renew what it knows the gateway by, take it away. */
export function CloudTools({ cloud, waiting, onDone }: Props) {
  const { instant, t } = useI18n();
  const ask = useApi();
  const [busy, setBusy] = useState<Deed>();
  const [check, watch] = useCheck();
  const [problem, setProblem] = useState<string>();
  const [replacing, setReplacing] = useState<CredentialKind>();
  const { id } = cloud;
  const resting = busy === undefined && check?.runs !== true;

  function fail(failed: ApiProblem): void {
    if (failed.code === "renewal-failed") setProblem(`${t("cloud.renewFailed")} ${failed.detail ?? ""}`);
    else setProblem(failed.code === "busy" ? t("cloud.busy") : problemText(failed, t));
  }

  async function look(): Promise<void> {
    if (!resting) return;
    setProblem(undefined);
    watch.begin(id);
    const result = await ask((api) => api.checkCloud(id));
    watch.end(result.ok ? result.value : undefined);
    if (!result.ok) fail(result.problem);
  }

  async function renew(): Promise<void> {
    if (!resting) return;
    setProblem(undefined);
    setBusy("renew");
    const result = await ask((api) => api.renewCloud(id));
    setBusy(undefined);
    if (!result.ok) return fail(result.problem);
    renewed(result.value);
  }

  function replaced(kind: CredentialKind, after: CloudView): void {
    setReplacing(undefined);
    if (kind.isCertificate) renewed(after);
    else onDone(t("cloud.signsOn", { id }), false);
  }

  function renewed({ certificate }: CloudView): void {
    onDone(t("cloud.renewed", { id, date: instant.date(certificate?.notAfter ?? "") }), false);
  }

  async function remove(): Promise<void> {
    if (!resting) return;
    const question =
      waiting === 0 ? t("cloud.removeEmpty", { id }) : t("cloud.removeSure", { id, count: waiting });
    if (!confirm(question)) return;
    setProblem(undefined);
    setBusy("remove");
    const result = await ask((api) => api.removeCloud(id));
    setBusy(undefined);
    if (!result.ok) return fail(result.problem);
    const count = result.value;
    onDone(count === 0 ? t("cloud.removedEmpty", { id }) : t("cloud.removed", { id, count }), true);
  }

  return (
    <div className="cloud-tools">
      <fieldset className="bridge-tools" aria-label={t("cloud.tools", { id })}>
        <button
          type="button"
          className="button"
          aria-disabled={!resting}
          aria-label={`${t("cloud.check")}: ${id}`}
          onClick={() => void look()}
        >
          {t(check?.runs === true ? "cloud.checking" : "cloud.check")}
        </button>
        {credentialsOf(cloud).map((kind) => (
          <button
            key={kind.title}
            type="button"
            className="button"
            aria-expanded={replacing === kind}
            aria-label={`${t(kind.title)}: ${id}`}
            onClick={() => setReplacing(replacing === kind ? undefined : kind)}
          >
            {t(kind.title)}
          </button>
        ))}
        {cloud.certificate?.renewal === undefined ? null : (
          <button
            type="button"
            className="button"
            aria-disabled={!resting}
            aria-label={`${t("cloud.renew")}: ${id}`}
            onClick={() => void renew()}
          >
            {t(busy === "renew" ? "cloud.renewing" : "cloud.renew")}
          </button>
        )}
        {cloud.source === "added" ? (
          <button
            type="button"
            className="button"
            aria-disabled={!resting}
            aria-label={`${t("cloud.remove")}: ${id}`}
            onClick={() => void remove()}
          >
            {t(busy === "remove" ? "cloud.removing" : "cloud.remove")}
          </button>
        ) : null}
      </fieldset>
      {replacing === undefined ? null : (
        <ReplaceCredential
          key={replacing.title}
          id={id}
          kind={replacing}
          onFailed={(failed) => (failed === undefined ? setProblem(undefined) : fail(failed))}
          onReplaced={(after) => replaced(replacing, after)}
        />
      )}
      <div role="alert">{problem === undefined ? null : <p className="card-problem">{problem}</p>}</div>
      <CheckReport state={check} provider={cloud.provider} title={t("cloud.stepsOf", { id })} />
    </div>
  );
}
