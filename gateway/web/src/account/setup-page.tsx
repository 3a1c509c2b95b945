import { type FormEvent, useRef, useState } from "react";
import type { ApiProblem } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppDispatch } from "../store/hooks.ts";
import { AccountPage } from "./account-page.tsx";
import { FormField } from "./form-field.tsx";
import { PasswordField } from "./password-field.tsx";
import { setUp } from "./session-thunks.ts";
import { checkSetup, fieldsOf, MIN_PASSWORD, type SetupField } from "./setup-check.ts";

/** First boot: the one-time code and the first administrator. */
export function SetupPage() {
  const { t } = useI18n();
  const dispatch = useAppDispatch();
  const form = useRef<HTMLFormElement>(null);
  const [code, setCode] = useState("");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState<readonly SetupField[]>([]);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  function complain(fields: readonly SetupField[]): void {
    setWrong(fields);
    form.current?.querySelector<HTMLElement>(`[name="${fields[0]}"]`)?.focus();
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    const request = { code: code.trim(), username, password };
    const fields = checkSetup(request);
    setProblem(undefined);
    complain(fields);
    if (fields.length > 0) return;
    setBusy(true);
    const failed = await dispatch(setUp(request));
    setBusy(false);
    if (failed === undefined) return;
    const named = fieldsOf(failed);
    if (named.length > 0) complain(named);
    else setProblem(setupProblem(failed));
  }

  function setupProblem(failed: ApiProblem): string {
    return failed.status === 401 || failed.status === 403 ? t("setup.forbidden") : problemText(failed, t);
  }

  return (
    <AccountPage title={t("setup.title")}>
      <p className="muted">{t("setup.lead")}</p>
      <form ref={form} noValidate onSubmit={(event) => void submit(event)}>
        <FormField
          label={t("setup.code")}
          name="code"
          hint={t("setup.codeHint")}
          problem={wrong.includes("code") ? t("setup.codeMissing") : undefined}
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
        <FormField
          label={t("account.username")}
          name="username"
          hint={t("setup.usernameHint")}
          problem={wrong.includes("username") ? t("setup.usernameWrong") : undefined}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <PasswordField
          kind="new-password"
          hint={t("setup.passwordHint")}
          problem={wrong.includes("password") ? t("setup.passwordShort", { count: MIN_PASSWORD }) : undefined}
          value={password}
          onText={setPassword}
        />
        <div role="alert">{problem === undefined ? null : <p className="form-problem">{problem}</p>}</div>
        <button type="submit" className="button primary wide" aria-disabled={busy}>
          {t(busy ? "setup.submitting" : "setup.submit")}
        </button>
      </form>
    </AccountPage>
  );
}
