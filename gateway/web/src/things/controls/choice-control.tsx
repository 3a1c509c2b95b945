import { useState } from "react";
import { useI18n } from "../../i18n/use-i18n.ts";
import type { ControlProps } from "./control.tsx";
import { DraftForm } from "./draft-form.tsx";

/** A list of the values that the device knows. */
export function ChoiceControl({
  options,
  value,
  name,
  labelId,
  blind,
  send,
}: ControlProps & { readonly options: readonly string[] }) {
  const { t } = useI18n();
  const [draft, setDraft] = useState<string>();
  const known = !blind && typeof value === "string" && options.includes(value);
  const current = known ? value : "";
  return (
    <DraftForm
      name={name}
      blind={blind}
      dirty={draft !== undefined}
      onCancel={() => setDraft(undefined)}
      onSubmit={() => {
        if (draft === undefined) return;
        setDraft(undefined);
        send(draft);
      }}
    >
      <select
        className="field"
        aria-labelledby={labelId}
        value={draft ?? current}
        onChange={(event) => {
          const chosen = event.target.value;
          setDraft(chosen === current ? undefined : chosen);
        }}
      >
        {known ? null : <option value="">{t("property.choose")}</option>}
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </DraftForm>
  );
}
