import { useState } from "react";
import type { ControlProps } from "./control.tsx";
import { DraftForm } from "./draft-form.tsx";

/** A plain text field, for strings that are not a choice. */
export function TextControl({ value, name, labelId, blind, send }: ControlProps) {
  const [draft, setDraft] = useState<string>();
  const current = typeof value === "string" && !blind ? value : "";
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
      <input
        className="field"
        type="text"
        aria-labelledby={labelId}
        autoComplete="off"
        value={draft ?? current}
        onChange={(event) => setDraft(event.target.value)}
      />
    </DraftForm>
  );
}
