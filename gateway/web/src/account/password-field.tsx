import { useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { FormField } from "./form-field.tsx";

interface Props {
  readonly kind: "new-password" | "current-password";
  readonly value: string;
  readonly onText: (text: string) => void;
  readonly hint?: string;
  readonly problem?: string | undefined;
}

/** A password that can be looked at while it is typed. */
export function PasswordField({ kind, value, onText, ...rest }: Props) {
  const { t } = useI18n();
  const [shown, setShown] = useState(false);
  return (
    <>
      <FormField
        label={t("account.password")}
        name="password"
        type={shown ? "text" : "password"}
        autoComplete={kind}
        autoCapitalize="none"
        spellCheck={false}
        value={value}
        onChange={(event) => onText(event.target.value)}
        {...rest}
      />
      <label className="checkbox">
        <input type="checkbox" checked={shown} onChange={(event) => setShown(event.target.checked)} />
        {t("account.showPassword")}
      </label>
    </>
  );
}
