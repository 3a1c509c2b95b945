import { useI18n } from "../../i18n/use-i18n.ts";
import { valueText } from "../value-text.ts";
import type { ControlProps } from "./control.tsx";

/** Two buttons, for a boolean whose state nobody knows. */
export function OnOffButtons({ affordance, labelId, send }: ControlProps) {
  const i18n = useI18n();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would need a legend, and the row has the name already.
    <div className="button-pair" role="group" aria-labelledby={labelId}>
      <button type="button" className="button" onClick={() => send(true)}>
        {valueText(true, affordance, i18n)}
      </button>
      <button type="button" className="button" onClick={() => send(false)}>
        {valueText(false, affordance, i18n)}
      </button>
    </div>
  );
}
