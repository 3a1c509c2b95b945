import { useI18n } from "../../i18n/use-i18n.ts";
import type { ControlProps } from "./control.tsx";

/** Two buttons, for a boolean whose state nobody knows. */
export function OnOffButtons({ labelId, send }: ControlProps) {
  const { t } = useI18n();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would need a legend, and the row has the name already.
    <div className="button-pair" role="group" aria-labelledby={labelId}>
      <button type="button" className="button" onClick={() => send(true)}>
        {t("value.on")}
      </button>
      <button type="button" className="button" onClick={() => send(false)}>
        {t("value.off")}
      </button>
    </div>
  );
}
