import { type HTMLAttributes, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { DURATION_UNITS, type DurationUnit, readEntry, writeEntry } from "./duration-entry.ts";
import { FieldFrame } from "./field-frame.tsx";

interface Common {
  readonly label: string;
  readonly path: string;
  readonly hint?: string;
  readonly wide?: boolean;
}

/** A line of text. An empty one is `undefined`, unless the rule needs it. */
export function TextField({
  value,
  onChange,
  required,
  inputMode,
  placeholder,
  ...frame
}: Common & {
  readonly value: unknown;
  readonly required?: boolean;
  readonly inputMode?: HTMLAttributes<HTMLInputElement>["inputMode"];
  readonly placeholder?: string;
  readonly onChange: (value: string | undefined) => void;
}) {
  return (
    <FieldFrame {...frame}>
      {(field) => (
        <input
          {...field}
          className="field"
          type="text"
          autoComplete="off"
          inputMode={inputMode}
          placeholder={placeholder}
          value={value === undefined ? "" : String(value)}
          onChange={(event) => {
            const text = event.target.value;
            onChange(text === "" && required !== true ? undefined : text);
          }}
        />
      )}
    </FieldFrame>
  );
}

/** A limit of a range: a number, or none. */
export function LimitField({
  value,
  onChange,
  ...frame
}: Common & { readonly value: unknown; readonly onChange: (value: unknown) => void }) {
  const { t } = useI18n();
  return (
    <TextField
      {...frame}
      inputMode="decimal"
      placeholder={t("editor.limit")}
      value={value}
      onChange={(text) => {
        const number = text?.trim().replace(",", ".");
        onChange(number !== undefined && /^-?\d+(?:\.\d+)?$/.test(number) ? Number(number) : text);
      }}
    />
  );
}

/** An amount and its unit. What is typed stays as it is typed while it means the same. */
export function DurationField({
  value,
  onChange,
  ...frame
}: Common & { readonly value: unknown; readonly onChange: (value: string | undefined) => void }) {
  const { t } = useI18n();
  const [typed, setTyped] = useState(() => readEntry(value));
  const entry =
    writeEntry(typed) === value
      ? typed
      : typeof value === "string" && readEntry(value).amount === ""
        ? typed
        : readEntry(value);
  const change = (next: typeof typed): void => {
    setTyped(next);
    onChange(writeEntry(next));
  };
  return (
    <FieldFrame {...frame}>
      {(field) => (
        <div className="duration">
          <input
            {...field}
            className="field"
            type="text"
            inputMode="decimal"
            autoComplete="off"
            value={entry.amount}
            onChange={(event) => change({ ...entry, amount: event.target.value })}
          />
          <select
            className="field"
            aria-label={`${frame.label}: ${t("editor.unit")}`}
            disabled={field.disabled}
            value={entry.unit}
            onChange={(event) => change({ ...entry, unit: event.target.value as DurationUnit })}
          >
            {DURATION_UNITS.map((unit) => (
              <option key={unit} value={unit}>
                {t(`editor.unit.${unit}`)}
              </option>
            ))}
          </select>
        </div>
      )}
    </FieldFrame>
  );
}

/** A time of day, as the browser lets people enter one. */
export function TimeField({
  value,
  onChange,
  required,
  ...frame
}: Common & {
  readonly value: unknown;
  readonly required?: boolean;
  readonly onChange: (value: string | undefined) => void;
}) {
  return (
    <FieldFrame {...frame}>
      {(field) => (
        <input
          {...field}
          className="field"
          type="time"
          step={typeof value === "string" && value.length > 5 ? 1 : 60}
          value={typeof value === "string" ? value : ""}
          onChange={(event) => {
            const text = event.target.value;
            onChange(text === "" && required !== true ? undefined : text);
          }}
        />
      )}
    </FieldFrame>
  );
}

/** One of a few. */
export function ChoiceField<Value extends string>({
  value,
  options,
  onChange,
  ...frame
}: Common & {
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, text: string])[];
  readonly onChange: (value: Value) => void;
}) {
  return (
    <FieldFrame {...frame}>
      {(field) => (
        <select
          {...field}
          className="field"
          value={value}
          onChange={(event) => onChange(event.target.value as Value)}
        >
          {options.map(([option, text]) => (
            <option key={option} value={option}>
              {text}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}
