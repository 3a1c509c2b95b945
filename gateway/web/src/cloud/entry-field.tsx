import { useId, useState } from "react";
import { FormField } from "../account/form-field.tsx";
import { useI18n } from "../i18n/use-i18n.ts";
import type { FieldValue, HeldPem, Pair } from "./cloud-entry.ts";
import type { FieldSpec } from "./cloud-kinds.ts";
import { PairsField } from "./pairs-field.tsx";
import { PemField } from "./pem-field.tsx";

interface Props {
  readonly field: FieldSpec;
  readonly value: FieldValue;
  readonly problem: string | undefined;
  readonly onChange: (value: FieldValue) => void;
}

/** A field of the table as something to fill in. */
export function EntryField({ field, value, problem, onChange }: Props) {
  const { t } = useI18n();
  const [shown, setShown] = useState(false);
  const offersId = useId();
  const label = field.optional ? t("cloud.add.optional", { label: t(field.label) }) : t(field.label);
  const hint = field.hint === undefined ? {} : { hint: t(field.hint) };
  const text = typeof value === "string" ? value : "";
  const usual = {
    ...hint,
    label,
    problem,
    name: field.at,
    required: field.optional !== true,
    autoComplete: "off",
    autoCapitalize: "none",
    spellCheck: false,
    "data-wrong": problem !== undefined,
    value: text,
    onChange: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) =>
      onChange(currentTarget.value),
  };
  switch (field.type) {
    case "text":
      return <FormField {...usual} placeholder={field.placeholder} inputMode={field.inputMode} />;
    case "number":
      return (
        <>
          <FormField {...usual} inputMode="numeric" list={offersId} />
          <datalist id={offersId}>
            {field.offers.map((offer) => (
              <option key={offer} value={offer} />
            ))}
          </datalist>
        </>
      );
    case "secret":
      return (
        <div>
          {/* Not `off`: browsers would fill in the password of this gateway. */}
          <FormField {...usual} type={shown ? "text" : "password"} autoComplete="new-password" />
          <label className="checkbox">
            <input type="checkbox" checked={shown} onChange={() => setShown(!shown)} />
            {t("cloud.add.showSecret")}
          </label>
        </div>
      );
    case "pem":
      return (
        <PemField
          {...hint}
          label={label}
          problem={problem}
          holds={field.holds}
          value={value as HeldPem | undefined}
          onChange={onChange}
        />
      );
    case "pairs":
      return (
        <PairsField
          {...hint}
          label={label}
          problem={problem}
          names={{ name: t(field.name), value: t(field.value) }}
          pairs={value as readonly Pair[]}
          onChange={onChange}
        />
      );
  }
}

/** Leads to the first field that is wrong, once it says so. */
export function showFirst(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[data-wrong="true"]')?.focus());
}
