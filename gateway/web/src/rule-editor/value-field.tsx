import type { PropertyAffordance } from "@tram/protocol";
import type { I18n } from "../i18n/i18n.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { valueText } from "../things/value-text.ts";
import { FieldFrame, type FieldWidth } from "./field-frame.tsx";
import { RawField } from "./raw-field.tsx";
import { EntryField } from "./simple-fields.tsx";
import { readValue, writeValue } from "./value-entry.ts";

interface Props {
  readonly label: string;
  readonly path: string;
  /** Of the property; undefined while nobody has announced it. */
  readonly affordance: PropertyAffordance | undefined;
  readonly value: unknown;
  /** Text for no value at all, where that is allowed. */
  readonly none?: string;
  readonly width?: FieldWidth | undefined;
  readonly onChange: (value: unknown) => void;
}

/** A value that the property can have, in the control that suits it. */
export function ValueField(props: Props) {
  const i18n = useI18n();
  const { affordance, label, none, onChange, path, value, width } = props;
  const type = affordance?.type;
  if (type === "object" || type === "array" || (typeof value === "object" && value !== null)) {
    return <RawField label={label} path={path} value={value} />;
  }
  if (type === "boolean" && none === undefined && typeof value === "boolean") {
    return <SwitchField {...props} checked={value} />;
  }
  const options = type === "boolean" ? [true, false] : type === "string" ? affordance?.enum : undefined;
  if (affordance !== undefined && options !== undefined) {
    return <ListField {...props} affordance={affordance} options={options} />;
  }
  const numeric = type === "number" || type === "integer" ? affordance : undefined;
  return (
    <EntryField
      label={affordance?.unit === undefined ? label : `${label} (${affordance.unit})`}
      path={path}
      width={width}
      hint={numeric === undefined ? undefined : rangeText(numeric, i18n)}
      inputMode={numeric === undefined ? "text" : "decimal"}
      placeholder={none}
      value={value}
      read={(text) => readValue(text, affordance, none !== undefined)}
      onChange={onChange}
    />
  );
}

/** On or off; a switch has no third position, so it stands only where one of both is meant. */
function SwitchField({ affordance, checked, label, onChange, path }: Props & { readonly checked: boolean }) {
  const i18n = useI18n();
  return (
    <FieldFrame label={label} path={path}>
      {({ "aria-invalid": _invalid, ...field }) => (
        <span className="switch-line">
          <button
            {...field}
            type="button"
            role="switch"
            className="switch"
            aria-checked={checked}
            onClick={() => onChange(!checked)}
          >
            <span className="switch-thumb" />
          </button>
          <span aria-hidden="true">{valueText(checked, affordance ?? { type: "boolean" }, i18n)}</span>
        </span>
      )}
    </FieldFrame>
  );
}

function ListField({
  affordance,
  label,
  none,
  onChange,
  options,
  path,
  value,
  width,
}: Props & { readonly affordance: PropertyAffordance; readonly options: readonly (boolean | string)[] }) {
  const i18n = useI18n();
  const known = options.findIndex((option) => Object.is(option, value));
  // What the property does not know stays, and is shown, until another value is chosen.
  const odd = known < 0 && value !== undefined;
  const nothing = none ?? (value === undefined ? i18n.t("property.choose") : undefined);
  return (
    <FieldFrame label={label} path={path} width={width}>
      {(field) => (
        <select
          {...field}
          className="field"
          value={odd ? "odd" : known < 0 ? "none" : String(known)}
          onChange={(event) => {
            if (event.target.value !== "odd") onChange(options[Number(event.target.value)]);
          }}
        >
          {nothing === undefined ? null : <option value="none">{nothing}</option>}
          {odd ? <option value="odd">{writeValue(value)}</option> : null}
          {options.map((option, index) => (
            <option key={String(option)} value={String(index)}>
              {valueText(option, affordance, i18n)}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}

/** `0 to 100, in steps of 5`, as far as the property says. */
function rangeText(affordance: PropertyAffordance, i18n: I18n): string | undefined {
  const { minimum, maximum, multipleOf } = affordance;
  const { t } = i18n;
  const written = (value: number) => i18n.number(value, affordance);
  const range =
    minimum === undefined
      ? maximum === undefined
        ? undefined
        : t("editor.atMost", { maximum: written(maximum) })
      : maximum === undefined
        ? t("editor.atLeast", { minimum: written(minimum) })
        : t("editor.range", { minimum: written(minimum), maximum: written(maximum) });
  const step = multipleOf === undefined ? undefined : t("editor.step", { step: written(multipleOf) });
  return [range, step].filter((part) => part !== undefined).join(", ") || undefined;
}
