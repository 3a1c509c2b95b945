import { type FormEvent, useState } from "react";
import type { ApiProblem } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppDispatch } from "../store/hooks.ts";
import { AccountPage } from "./account-page.tsx";
import { FormField } from "./form-field.tsx";
import { PasswordField } from "./password-field.tsx";
import { signIn } from "./session-thunks.ts";

/** @param why what led here, when it was not the person's own doing. */
export function SignInPage({ why }: { readonly why?: "ended" | "set-up" | undefined }) {
  const { t } = useI18n();
  const dispatch = useAppDispatch();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    if (username === "" || password === "") {
      setProblem(t("signIn.missing"));
      return;
    }
    setBusy(true);
    setProblem(undefined);
    const failed = await dispatch(signIn({ username, password }));
    setBusy(false);
    if (failed !== undefined) setProblem(signInProblem(failed));
  }

  function signInProblem(failed: ApiProblem): string {
    return failed.status === 401 || failed.status === 403 ? t("signIn.wrong") : problemText(failed, t);
  }

  return (
    <AccountPage title={t("signIn.title")}>
      {why === undefined ? null : (
        <p className="notice-inline">{t(why === "ended" ? "signIn.ended" : "setup.done")}</p>
      )}
      <form noValidate onSubmit={(event) => void submit(event)}>
        <FormField
          label={t("account.username")}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <PasswordField kind="current-password" value={password} onText={setPassword} />
        <div role="alert">{problem === undefined ? null : <p className="form-problem">{problem}</p>}</div>
        <button type="submit" className="button primary wide" aria-disabled={busy}>
          {t(busy ? "signIn.submitting" : "signIn.submit")}
        </button>
      </form>
    </AccountPage>
  );
}
