import type { PropertyAffordance } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { FieldFrame } from "./field-frame.tsx";

interface Props {
  readonly label: string;
  readonly path: string;
  /** Of the property; undefined while nobody has announced it. */
  readonly affordance: PropertyAffordance | undefined;
  readonly value: unknown;
  /** Text for no value at all, where that is allowed. */
  readonly none?: string;
  readonly onChange: (value: unknown) => void;
}

/** A value that the property can have, in the control that suits it. */
export function ValueField({ label, path, affordance, value, none, onChange }: Props) {
  const { t } = useI18n();
  const options = optionsOf(affordance, t("value.on"), t("value.off"), t("value.yes"), t("value.no"));
  const unit = affordance?.unit === undefined ? label : `${label} (${affordance.unit})`;
  if (
    affordance?.type === "object" ||
    affordance?.type === "array" ||
    (typeof value === "object" && value !== null)
  ) {
    return (
      <FieldFrame label={label} path={path} hint={t("editor.objectValue")}>
        {(field) => <input {...field} className="field" readOnly value={JSON.stringify(value) ?? ""} />}
      </FieldFrame>
    );
  }
  if (options !== undefined) {
    const known = options.findIndex((option) => option.value === value);
    return (
      <FieldFrame label={label} path={path}>
        {(field) => (
          <select
            {...field}
            className="field"
            value={String(known)}
            onChange={(event) => onChange(options[Number(event.target.value)]?.value)}
          >
            {known < 0 || none !== undefined ? (
              <option value="-1">
                {value === undefined ? (none ?? t("property.choose")) : String(value)}
              </option>
            ) : null}
            {options.map((option, index) => (
              <option key={option.text} value={String(index)}>
                {option.text}
              </option>
            ))}
          </select>
        )}
      </FieldFrame>
    );
  }
  const numeric = affordance?.type === "number" || affordance?.type === "integer";
  return (
    <FieldFrame label={unit} path={path} hint={numeric ? rangeText(affordance) : undefined}>
      {(field) => (
        <input
          {...field}
          className="field"
          type="text"
          inputMode={numeric ? "decimal" : "text"}
          autoComplete="off"
          placeholder={none}
          value={value === undefined ? "" : String(value)}
          onChange={(event) => onChange(readValue(event.target.value, affordance, none !== undefined))}
        />
      )}
    </FieldFrame>
  );
}

function optionsOf(
  affordance: PropertyAffordance | undefined,
  on: string,
  off: string,
  yes: string,
  no: string,
): readonly { readonly value: unknown; readonly text: string }[] | undefined {
  if (affordance?.type === "boolean") {
    const [positive, negative] = affordance.readOnly === true ? [yes, no] : [on, off];
    return [
      { value: true, text: positive },
      { value: false, text: negative },
    ];
  }
  return affordance?.enum?.map((value) => ({ value, text: value }));
}

/**
 * What was typed, as the property means it. A text that is no number stays a text: the gateway says what is wrong with it.
 * Of an unknown property, what looks like a number or a truth value is one.
 */
export function readValue(
  text: string,
  affordance: PropertyAffordance | undefined,
  mayBeNone: boolean,
): unknown {
  const trimmed = text.trim();
  if (trimmed === "" && mayBeNone) return undefined;
  if (affordance?.type === "string") return text;
  if (affordance === undefined && (trimmed === "true" || trimmed === "false")) return trimmed === "true";
  // While a number is being typed ("2.", "-"), it is still a text.
  return /^-?\d+(?:\.\d+)?$/.test(trimmed) ? Number(trimmed) : text;
}

/** `0…100`, as far as the property says. */
function rangeText({ minimum, maximum }: PropertyAffordance): string | undefined {
  if (minimum === undefined && maximum === undefined) return undefined;
  return `${minimum ?? ""}…${maximum ?? ""}`;
}
