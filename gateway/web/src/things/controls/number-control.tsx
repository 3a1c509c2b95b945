import { useId, useState } from "react";
import type { I18n } from "../../i18n/i18n.ts";
import { spacedUnit } from "../../i18n/number.ts";
import { useI18n } from "../../i18n/use-i18n.ts";
import { type NumberProblem, readNumber, sliderRange } from "../number-entry.ts";
import { valueText } from "../value-text.ts";
import type { ControlProps } from "./control.tsx";
import { DraftForm } from "./draft-form.tsx";

/** A slider where the range is small enough to aim, else a number field. */
export function NumberControl({ affordance, value, name, labelId, blind, send }: ControlProps) {
  const i18n = useI18n();
  const problemId = useId();
  const [draft, setDraft] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const slider = sliderRange(affordance);
  const current = typeof value === "number" && !blind ? String(value) : undefined;

  function edit(text: string): void {
    setDraft(text);
    setProblem(undefined);
  }

  function cancel(): void {
    setDraft(undefined);
    setProblem(undefined);
  }

  function submit(): void {
    if (draft === undefined) return;
    const entry = readNumber(draft, affordance);
    if (!entry.ok) {
      setProblem(entryProblem(entry, affordance, i18n));
      return;
    }
    cancel();
    send(entry.value);
  }

  const preview =
    draft === undefined
      ? undefined
      : i18n.t("property.newValue", { value: valueText(Number(draft), affordance, i18n) });
  return (
    <DraftForm
      name={name}
      blind={blind}
      dirty={draft !== undefined}
      {...(slider === undefined || preview === undefined ? {} : { preview })}
      onSubmit={submit}
      onCancel={cancel}
    >
      {slider === undefined ? (
        <span className="field-with-unit">
          <input
            className="field"
            type="number"
            inputMode="decimal"
            aria-labelledby={labelId}
            aria-invalid={problem !== undefined}
            aria-describedby={problem === undefined ? undefined : problemId}
            min={affordance.minimum}
            max={affordance.maximum}
            step={affordance.multipleOf ?? (affordance.type === "integer" ? 1 : "any")}
            value={draft ?? current ?? ""}
            onChange={(event) => edit(event.target.value)}
          />
          <span aria-hidden="true">{spacedUnit(affordance.unit)}</span>
        </span>
      ) : (
        <input
          className="slider"
          type="range"
          aria-labelledby={labelId}
          aria-valuetext={valueText(Number(draft ?? current ?? slider.min), affordance, i18n)}
          {...slider}
          value={draft ?? current ?? slider.min}
          onChange={(event) => edit(event.target.value)}
        />
      )}
      {problem === undefined ? null : (
        <p className="field-problem" id={problemId} role="alert">
          {problem}
        </p>
      )}
    </DraftForm>
  );
}

function entryProblem(entry: NumberProblem, affordance: ControlProps["affordance"], i18n: I18n): string {
  if (!("limit" in entry)) return i18n.t(`property.${entry.problem}`);
  return i18n.t(`property.${entry.problem}`, { limit: valueText(entry.limit, affordance, i18n) });
}
