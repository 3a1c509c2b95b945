import { type ReactNode, useRef } from "react";
import { useI18n } from "../../i18n/use-i18n.ts";

interface Props {
  readonly name: string;
  readonly blind: boolean;
  /** True while something was entered and not sent. */
  readonly dirty: boolean;
  /** Shown before the buttons: what will be sent. */
  readonly preview?: string;
  readonly onSubmit: () => void;
  readonly onCancel: () => void;
  readonly children: ReactNode;
}

/**
 * A field whose value is sent by a button: a slider brushed while scrolling, or a list walked with the arrow keys,
 * must not move a valve.
 */
export function DraftForm({ name, blind, dirty, preview, onSubmit, onCancel, children }: Props) {
  const { t } = useI18n();
  const form = useRef<HTMLFormElement>(null);
  // The buttons go away with the draft; the focus must not go with them.
  const refocus = () => form.current?.querySelector<HTMLElement>("input, select")?.focus();
  return (
    <form
      ref={form}
      className="draft"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
        refocus();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !dirty) return;
        onCancel();
        refocus();
      }}
    >
      {children}
      {dirty ? (
        <div className="draft-actions">
          {preview === undefined ? null : <span className="draft-preview">{preview}</span>}
          <button
            type="submit"
            className="button primary"
            aria-label={t(blind ? "property.sendName" : "property.setName", { name })}
          >
            {t(blind ? "property.send" : "property.set")}
          </button>
          <button
            type="button"
            className="button"
            onClick={() => {
              onCancel();
              refocus();
            }}
          >
            {t("property.cancel")}
          </button>
        </div>
      ) : null}
    </form>
  );
}
