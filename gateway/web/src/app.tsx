import { SetupPage } from "./account/setup-page.tsx";
import { SignInPage } from "./account/sign-in-page.tsx";
import { useI18n } from "./i18n/use-i18n.ts";
import { Shell } from "./shell/shell.tsx";
import { useAppSelector } from "./store/hooks.ts";

/** Chooses between set-up, sign-in and the pages. */
export function App() {
  const { t } = useI18n();
  const session = useAppSelector((state) => state.session);
  switch (session.phase) {
    case "asking":
      return (
        <main className="empty">
          <p role="status">{t(session.unreachable ? "app.unreachable" : "app.loading")}</p>
        </main>
      );
    case "setup":
      return <SetupPage />;
    case "signed-out":
      return <SignInPage why={session.why} />;
    case "signed-in":
      return <Shell />;
  }
}
