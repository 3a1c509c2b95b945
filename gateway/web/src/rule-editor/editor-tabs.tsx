import { useI18n } from "../i18n/use-i18n.ts";
import type { View } from "./rule-draft.ts";

interface Props {
  readonly view: View;
  readonly formPossible: boolean;
  readonly onView: (view: View) => void;
}

/** Form or YAML: two views of the same rule. */
export function EditorTabs({ view, formPossible, onView }: Props) {
  const { t } = useI18n();
  return (
    <fieldset className="tabs">
      <legend className="visually-hidden">{t("editor.tabs")}</legend>
      {(["form", "text"] as const).map((one) => (
        <button
          key={one}
          type="button"
          className="button"
          aria-pressed={view === one}
          aria-disabled={one === "form" && !formPossible}
          onClick={() => {
            if (one !== view) onView(one);
          }}
        >
          {t(one === "form" ? "editor.form" : "editor.yaml")}
        </button>
      ))}
    </fieldset>
  );
}
