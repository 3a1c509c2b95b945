import { PRODUCT } from "@tram/protocol";
import { type ReactNode, useEffect } from "react";
import { Logo } from "../shell/logo.tsx";
import { PreferenceFields } from "../shell/preference-fields.tsx";

/** The frame of the pages before signing in. */
export function AccountPage({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · ${PRODUCT.title}`;
  }, [title]);
  return (
    <main className="account">
      <Logo />
      <div className="card account-card">
        <h1>{title}</h1>
        {children}
      </div>
      <div className="account-preferences">
        <PreferenceFields />
      </div>
    </main>
  );
}
