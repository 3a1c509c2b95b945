import { useContext } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { TextField } from "./simple-fields.tsx";

const ID_BYTES = 18;

/** The secret part of an address that fires the rule, and the address itself. */
export function WebhookField({
  label,
  path,
  value,
  onChange,
}: {
  readonly label: string;
  readonly path: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}) {
  const { t } = useI18n();
  const { readOnly } = useContext(RuleEditorContext);
  return (
    <div className="which" data-width="wide">
      <TextField label={label} path={path} required value={value} onChange={onChange} />
      {readOnly ? null : (
        <button type="button" className="button" onClick={() => onChange(randomId())}>
          {t("editor.newWebhook")}
        </button>
      )}
      {typeof value !== "string" || value === "" ? null : (
        <p className="hint">
          {t("editor.webhookUrl")} <code>{`POST ${location.origin}/api/v1/webhooks/${value}`}</code>
        </p>
      )}
    </div>
  );
}

/** 144 random bits in base64url; `randomUUID` is not there on plain HTTP. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}
