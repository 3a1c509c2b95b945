import { type HTMLAttributes, type ReactNode, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { DURATION_UNITS, type DurationUnit, readEntry, writeEntry } from "./duration-entry.ts";
import { FieldFrame, type FieldWidth } from "./field-frame.tsx";
import { readLimit, textOf, writeValue } from "./value-entry.ts";

interface Common {
  readonly label: string;
  readonly path: string;
  readonly hint?: string | undefined;
  readonly width?: FieldWidth | undefined;
}

interface TextProps extends Common {
  readonly value: unknown;
  readonly inputMode?: HTMLAttributes<HTMLInputElement>["inputMode"];
  readonly placeholder?: string | undefined;
  /** What may be meant; anything else may be typed too. */
  readonly offers?: readonly string[] | undefined;
  /** What a text means. */
  readonly read: (text: string) => unknown;
  readonly onChange: (value: unknown) => void;
}

/** A line of text that means a value. What is typed stays as it is typed while it means the same. */
export function EntryField({ value, read, onChange, inputMode, offers, placeholder, ...frame }: TextProps) {
  const [typed, setTyped] = useState<string>();
  return (
    <FieldFrame {...frame}>
      {(field) => (
        <>
          <input
            {...field}
            className="field"
            type="text"
            autoComplete="off"
            inputMode={inputMode}
            placeholder={placeholder}
            list={offers === undefined || offers.length === 0 ? undefined : `${field.id}-offers`}
            // A whole map or list in the place of one value is for the text to mend.
            readOnly={typeof value === "object" && value !== null}
            value={textOf(typed, value, read)}
            onChange={(event) => {
              const text = event.target.value;
              setTyped(text);
              onChange(read(text));
            }}
          />
          {offers === undefined || offers.length === 0 ? null : (
            <datalist id={`${field.id}-offers`}>
              {offers.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          )}
        </>
      )}
    </FieldFrame>
  );
}

/** A line of text. An empty one is `undefined`, unless the rule needs it. */
export function TextField({ required, ...field }: Omit<TextProps, "read"> & { readonly required?: boolean }) {
  return <EntryField {...field} read={(text) => (text === "" && required !== true ? undefined : text)} />;
}

/** A number, or none. */
export function NumberField({ placeholder, ...field }: Omit<TextProps, "read">) {
  return <EntryField {...field} inputMode="decimal" placeholder={placeholder} read={readLimit} />;
}

/** An amount and its unit. */
export function DurationField({
  value,
  onChange,
  lead,
  ...frame
}: Common & {
  readonly value: unknown;
  /** What stands before the amount. */
  readonly lead?: ReactNode;
  readonly onChange: (value: string | undefined) => void;
}) {
  const { t } = useI18n();
  const [typed, setTyped] = useState(() => readEntry(value));
  const entry = (writeEntry(typed) ?? "") === (value ?? "") ? typed : readEntry(value);
  const change = (next: typeof typed): void => {
    setTyped(next);
    onChange(writeEntry(next));
  };
  return (
    <FieldFrame {...frame}>
      {(field) => (
        <div className="duration">
          {lead}
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
          value={writeValue(value)}
          onChange={(event) => {
            const text = event.target.value;
            onChange(text === "" && required !== true ? undefined : text);
          }}
        />
      )}
    </FieldFrame>
  );
}

/** One of a few. Something else that stands in the rule is shown as it is, until another is chosen. */
export function ChoiceField<Value extends string>({
  value,
  usual,
  options,
  onChange,
  ...frame
}: Common & {
  readonly value: unknown;
  /** What no value means. */
  readonly usual: Value;
  readonly options: readonly (readonly [value: Value, text: string])[];
  readonly onChange: (value: Value) => void;
}) {
  const current = value === undefined ? usual : writeValue(value);
  const known = options.some(([option]) => option === current);
  return (
    <FieldFrame {...frame}>
      {(field) => (
        <select
          {...field}
          className="field"
          value={current}
          onChange={(event) => onChange(event.target.value as Value)}
        >
          {known ? null : <option value={current}>{current}</option>}
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

/** A text of several lines, as code is written. */
export function CodeField({
  value,
  onChange,
  ...frame
}: Common & { readonly value: unknown; readonly onChange: (value: string) => void }) {
  const text = writeValue(value);
  return (
    <FieldFrame {...frame} width="wide">
      {(field) => (
        <textarea
          {...field}
          className="field code"
          rows={Math.min(12, text.split("\n").length + 1)}
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </FieldFrame>
  );
}

/** Yes or no; no value means what is usual. */
export function FlagField({
  value,
  usual,
  onChange,
  ...frame
}: Common & {
  readonly value: unknown;
  readonly usual: boolean;
  readonly onChange: (value: boolean | undefined) => void;
}) {
  const on = value === undefined ? usual : value === true;
  return (
    <FieldFrame {...frame}>
      {({ "aria-invalid": _invalid, ...field }) => (
        <button
          {...field}
          type="button"
          role="switch"
          className="switch"
          aria-checked={on}
          onClick={() => onChange(!on === usual ? undefined : !on)}
        >
          <span className="switch-thumb" />
        </button>
      )}
    </FieldFrame>
  );
}
