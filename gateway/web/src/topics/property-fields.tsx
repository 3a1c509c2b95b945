import type { MappedProperty } from "@tram/protocol";
import { useId } from "react";
import { FormField } from "../account/form-field.tsx";
import { useI18n } from "../i18n/use-i18n.ts";
import {
  type DraftRow,
  isFlag,
  rowPath,
  withCommandTopic,
  withPath,
  withReadTopic,
  withWord,
  wordFor,
} from "./mapping-draft.ts";

const TYPES = ["number", "integer", "boolean", "string", "object", "array"] as const;
/** As it stands in the texts: it is no slot of theirs. */
const ID = { id: "{id}" };

interface Props {
  readonly row: DraftRow;
  readonly number: number;
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (change: Partial<DraftRow>) => void;
  readonly onRemove: (() => void) | undefined;
}

/** One property: what it is called, where it is read, and where it is commanded. */
export function PropertyFields({ number, onChange, onRemove, problems, row }: Props) {
  const { t } = useI18n();
  const typeId = useId();
  const { key, property } = row;
  const at = (place: string): string | undefined => problems.get(`${rowPath(row.row)}${place}`);
  const set = (changed: MappedProperty): void => onChange({ property: changed });
  const spoken = isFlag(property) || (property.type === undefined && property.write !== undefined);
  return (
    <fieldset className="card mapping-property">
      <legend>{t("topics.property", { number })}</legend>
      <FormField
        label={t("topics.key")}
        hint={t("topics.keyHint")}
        problem={at("")}
        autoCapitalize="none"
        autoComplete="off"
        required={false}
        value={key}
        onChange={(event) => onChange({ key: event.target.value })}
      />
      <div className="form-field">
        <label htmlFor={typeId}>{t("topics.type")}</label>
        <select
          id={typeId}
          className="field"
          value={property.type ?? ""}
          aria-invalid={at(".type") !== undefined}
          aria-describedby={at(".type") === undefined ? undefined : `${typeId}-problem`}
          onChange={(event) => {
            const { type: _before, ...rest } = property;
            const type = TYPES.find((each) => each === event.target.value);
            set(type === undefined ? rest : { ...rest, type });
          }}
        >
          <option value="">{t("topics.type.auto")}</option>
          {TYPES.map((type) => (
            <option key={type} value={type}>
              {t(`topics.type.${type}`)}
            </option>
          ))}
        </select>
        {at(".type") === undefined ? null : (
          <p className="field-problem" id={`${typeId}-problem`} lang="en">
            {at(".type")}
          </p>
        )}
      </div>
      <FormField
        label={t("topics.unit")}
        problem={at(".unit")}
        autoComplete="off"
        required={false}
        value={property.unit ?? ""}
        onChange={(event) => {
          const { unit: _before, ...rest } = property;
          const unit = event.target.value;
          set(unit === "" ? rest : { ...rest, unit });
        }}
      />
      <FormField
        label={t("topics.read")}
        hint={t("topics.readHint", ID)}
        problem={at(".read.topic") ?? at(".read")}
        autoCapitalize="none"
        autoComplete="off"
        required={false}
        value={property.read?.topic ?? ""}
        onChange={(event) => set(withReadTopic(property, event.target.value))}
      />
      <FormField
        label={t("topics.path")}
        hint={t("topics.pathHint")}
        problem={at(".read.path")}
        autoCapitalize="none"
        autoComplete="off"
        required={false}
        disabled={property.read === undefined}
        value={property.read?.path ?? ""}
        onChange={(event) => set(withPath(property, event.target.value))}
      />
      <FormField
        label={t("topics.command")}
        hint={t("topics.commandHint")}
        problem={at(".write.topic") ?? at(".write")}
        autoCapitalize="none"
        autoComplete="off"
        required={false}
        value={property.write?.topic ?? ""}
        onChange={(event) => set(withCommandTopic(property, event.target.value))}
      />
      {spoken ? (
        <>
          <FormField
            label={t("topics.onWord")}
            autoComplete="off"
            required={false}
            value={wordFor(property, true)}
            onChange={(event) => set(withWord(property, true, event.target.value))}
          />
          <FormField
            label={t("topics.offWord")}
            autoComplete="off"
            required={false}
            value={wordFor(property, false)}
            onChange={(event) => set(withWord(property, false, event.target.value))}
          />
        </>
      ) : null}
      {onRemove === undefined ? null : (
        <div className="mapping-tools">
          <button type="button" className="button" onClick={onRemove}>
            {t("topics.removeProperty", { key: key === "" ? t("topics.property", { number }) : key })}
          </button>
        </div>
      )}
    </fieldset>
  );
}
