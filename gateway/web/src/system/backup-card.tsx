import { type FormEvent, useId, useState } from "react";
import { FormField } from "../account/form-field.tsx";
import type { ApiClient, ApiResult, DownloadedFile } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { backupProblem, LEAST_PASSPHRASE } from "./backup-check.ts";
import "./backup-texts.ts";

/** Takes a backup or a support bundle, and hands it to the browser as a download. */
export function BackupCard() {
  const { t } = useI18n();
  const ask = useApi();
  const titleId = useId();
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const [history, setHistory] = useState(true);
  const [wrong, setWrong] = useState<"short" | "different">();
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<{ readonly text: string; readonly bad: boolean }>();

  async function download(
    take: (api: ApiClient) => Promise<ApiResult<DownloadedFile>>,
    done: "backup.taken" | "backup.supportTaken",
  ): Promise<boolean> {
    if (busy) return false;
    setBusy(true);
    setTold(undefined);
    const result = await ask(take);
    setBusy(false);
    if (result.ok) hand(result.value);
    setTold(
      result.ok
        ? { text: t(done, { name: result.value.name }), bad: false }
        : { text: problemText(result.problem, t), bad: true },
    );
    return result.ok;
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const found = backupProblem(passphrase, again);
    setWrong(found);
    if (found !== undefined) return;
    if (!(await download((api) => api.backup({ passphrase, history }), "backup.taken"))) return;
    setPassphrase("");
    setAgain("");
  }

  const secret = {
    type: "password",
    autoComplete: "new-password",
    autoCapitalize: "none",
    spellCheck: false,
  };
  return (
    <section className="card system-section" aria-labelledby={titleId}>
      <h2 id={titleId}>{t("backup.title")}</h2>
      <p className="muted">{t("backup.lead")}</p>
      <form noValidate onSubmit={(event) => void submit(event)}>
        <FormField
          {...secret}
          label={t("backup.passphrase")}
          name="passphrase"
          hint={t("backup.hint")}
          problem={wrong === "short" ? t("backup.short", { count: LEAST_PASSPHRASE }) : undefined}
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
        />
        <FormField
          {...secret}
          label={t("backup.again")}
          name="again"
          problem={wrong === "different" ? t("backup.different") : undefined}
          value={again}
          onChange={(event) => setAgain(event.target.value)}
        />
        <label className="checkbox">
          <input type="checkbox" checked={history} onChange={(event) => setHistory(event.target.checked)} />
          {t("backup.history")}
        </label>
        <button type="submit" className="button primary" aria-disabled={busy}>
          {t(busy ? "backup.taking" : "backup.take")}
        </button>
      </form>
      <p className="muted">{t("backup.supportLead")}</p>
      <div>
        <button
          type="button"
          className="button"
          aria-disabled={busy}
          onClick={() => void download((api) => api.supportBundle(), "backup.supportTaken")}
        >
          {t("backup.support")}
        </button>
      </div>
      <div role="status">{told?.bad === false ? <p>{told.text}</p> : null}</div>
      <div role="alert">{told?.bad === true ? <p className="form-problem">{told.text}</p> : null}</div>
    </section>
  );
}

/** A link that is followed once: browsers keep what a page has fetched in no other way. */
function hand({ content, name }: DownloadedFile): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // Not at once: the browser is about to read it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
