import type { PropertyAffordance } from "@tram/protocol";
import { useContext, useId } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { WEEKDAYS, weekdayName } from "../rules/condition-facts.ts";
import { isPart, withKey } from "./document.ts";
import {
  describedBy,
  FieldLines,
  type FieldWidth,
  RuleEditorContext,
  useFieldLines,
} from "./field-frame.tsx";
import type { Choice } from "./part-specs.ts";
import { firstValue } from "./property-choices.ts";
import { TimeField } from "./simple-fields.tsx";
import { ToolButton } from "./tool-button.tsx";
import { ValueField } from "./value-field.tsx";

interface Common {
  readonly label: string;
  readonly path: string;
  readonly hint?: string | undefined;
  readonly width?: FieldWidth | undefined;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** What an option is called. */
export function useChoiceText(): (option: Choice) => string {
  const i18n = useI18n();
  return (option) => {
    if (isWeekday(option)) return weekdayName(option, i18n);
    return isMethod(option) ? option : i18n.t(`editor.choice.${option}`);
  };
}

function isWeekday(option: Choice): option is (typeof WEEKDAYS)[number] {
  return WEEKDAYS.some((day) => day === option);
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
function isMethod(option: Choice): option is (typeof METHODS)[number] {
  return METHODS.some((method) => method === option);
}

/** Some of a few. What is none of them stays behind, for its author to mend. */
export function ChoicesField({
  label,
  path,
  hint,
  value,
  options,
  always,
  onChange,
}: Common & {
  readonly options: readonly Choice[];
  /** A single one is written as a list too. */
  readonly always?: boolean;
}) {
  const text = useChoiceText();
  const id = useId();
  const { readOnly } = useContext(RuleEditorContext);
  const chosen: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  const { lines } = useFieldLines(path, { hint: chosen.length === 0 ? hint : undefined });
  const toggle = (option: Choice): void => {
    const wanted = chosen.includes(option) ? chosen.filter((one) => one !== option) : [...chosen, option];
    const sorted = [
      ...options.filter((one) => wanted.includes(one)),
      ...wanted.filter((one) => !options.some((known) => known === one)),
    ];
    if (sorted.length === 0) onChange(undefined);
    else onChange(sorted.length === 1 && always !== true ? sorted[0] : sorted);
  };
  return (
    <fieldset className="weekdays" data-path={path} tabIndex={-1} aria-describedby={describedBy(id, lines)}>
      <legend>{label}</legend>
      {options.map((option) => (
        <label key={option} className="checkbox">
          <input
            type="checkbox"
            disabled={readOnly}
            checked={chosen.includes(option)}
            onChange={() => toggle(option)}
          />
          {text(option)}
        </label>
      ))}
      {chosen
        .filter((one) => !options.some((known) => known === one))
        .map((one) => (
          <code key={String(one)}>{String(one)}</code>
        ))}
      <FieldLines id={id} lines={lines} />
    </fieldset>
  );
}

/** A value, or any of several. */
export function ValuesField({
  value,
  affordance,
  need,
  onChange,
  ...field
}: Common & { readonly affordance: PropertyAffordance | undefined; readonly need: boolean }) {
  const { t } = useI18n();
  const { readOnly } = useContext(RuleEditorContext);
  const { label, path } = field;
  const list = Array.isArray(value) ? value : undefined;
  const fresh = affordance === undefined ? "" : firstValue(affordance);
  const another = readOnly ? null : (
    <button
      type="button"
      className="button quiet"
      aria-label={`${label}: ${t("editor.orAnother")}`}
      onClick={() => onChange([...(list ?? [value]), fresh])}
    >
      {t("editor.orAnother")}
    </button>
  );
  if (list === undefined) {
    return (
      <div className="which" data-width={field.width}>
        <ValueField
          {...field}
          affordance={affordance}
          value={value}
          {...(need ? {} : { none: t("editor.any") })}
          onChange={onChange}
        />
        {value === undefined || affordance?.type === "boolean" ? null : another}
      </div>
    );
  }
  return (
    <div className="which" data-width="wide">
      {list.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two may be the same while they are typed.
        <div key={index} className="with-tool">
          <ValueField
            label={`${label} ${index + 1}`}
            path={`${path}[${index}]`}
            affordance={affordance}
            value={item}
            onChange={(changed) => onChange(list.with(index, changed))}
          />
          {readOnly ? null : (
            <ToolButton
              icon="remove"
              label={`${t("editor.remove")}: ${label} ${index + 1}`}
              onPress={() => onChange(list.length === 2 ? list[1 - index] : list.toSpliced(index, 1))}
            />
          )}
        </div>
      ))}
      {another}
    </div>
  );
}

/** A time of day, or several, on all days or some. */
export function TimesField({ label, path, value, onChange }: Common) {
  const { t } = useI18n();
  const { readOnly } = useContext(RuleEditorContext);
  const map = isPart(value) ? value : { at: value };
  const times: readonly unknown[] = Array.isArray(map.at) ? map.at : [map.at];
  // As short as it can be said, but what is written as a map stays one.
  const write = (at: readonly unknown[], weekdays: unknown): void => {
    const short = at.length === 1 ? (at[0] ?? "") : at;
    if (weekdays === undefined && at.length === 1 && !isPart(value)) onChange(short);
    else onChange(withKey(withKey(map, "at", short), "weekdays", weekdays));
  };
  const inner = isPart(value) ? `${path}.at` : path;
  return (
    <>
      <div className="which">
        {times.map((time, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two may be the same while they are typed.
          <div key={index} className="with-tool">
            <TimeField
              label={times.length === 1 ? label : `${label} ${index + 1}`}
              path={Array.isArray(map.at) ? `${inner}[${index}]` : inner}
              required
              value={time}
              onChange={(changed) => write(times.with(index, changed), map.weekdays)}
            />
            {readOnly || times.length === 1 ? null : (
              <ToolButton
                icon="remove"
                label={`${t("editor.remove")}: ${label} ${index + 1}`}
                onPress={() => write(times.toSpliced(index, 1), map.weekdays)}
              />
            )}
          </div>
        ))}
        {readOnly ? null : (
          <button
            type="button"
            className="button quiet"
            onClick={() => write([...times, "08:00"], map.weekdays)}
          >
            {t("editor.anotherTime")}
          </button>
        )}
      </div>
      <ChoicesField
        label={t("editor.weekdays")}
        path={`${path}.weekdays`}
        hint={t("editor.everyDay")}
        value={map.weekdays}
        options={WEEKDAYS}
        always
        onChange={(weekdays) => write(times, weekdays)}
      />
    </>
  );
}
