import { type ReactNode, useContext } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { isPart, type Part, withKey } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { type NamedChoice, useHouseChoices } from "./house-choices.ts";
import type { PropertyChoice, PropertyUse } from "./property-choices.ts";
import { PropertyField } from "./property-field.tsx";
import { ChoiceField, TextField } from "./simple-fields.tsx";
import { ToolButton } from "./tool-button.tsx";

interface WhichProps {
  readonly label: string;
  readonly path: string;
  readonly value: unknown;
  readonly single?: boolean | undefined;
  readonly onChange: (value: unknown) => void;
}

/** One, several, or those that have something in common. */
function OneOrMany({
  label,
  path,
  value,
  single,
  onChange,
  one,
  group,
  groupText,
  fresh,
}: WhichProps & {
  readonly one: (value: unknown, path: string, change: (value: unknown) => void) => ReactNode;
  readonly group: (value: Part) => ReactNode;
  readonly groupText: string;
  readonly fresh: Part;
}) {
  const { t } = useI18n();
  const { readOnly } = useContext(RuleEditorContext);
  const mode = Array.isArray(value) ? "several" : isPart(value) ? "group" : "one";
  const list: readonly unknown[] = Array.isArray(value) ? value : [value ?? ""];
  const choose = (wanted: string): void => {
    if (wanted === mode) return;
    if (wanted === "group") onChange(fresh);
    else if (wanted === "several") onChange(mode === "group" ? [""] : list);
    else onChange(mode === "group" ? "" : (list[0] ?? ""));
  };
  return (
    <div className="which">
      {mode === "group" && isPart(value) ? (
        <div className="part-fields">{group(value)}</div>
      ) : mode === "several" ? (
        <>
          {list.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two may be the same.
            <div key={index} className="with-tool">
              {one(item, `${path}[${index}]`, (changed) => onChange(list.with(index, changed)))}
              {readOnly || list.length === 1 ? null : (
                <ToolButton
                  icon="remove"
                  label={`${t("editor.remove")}: ${label} ${index + 1}`}
                  onPress={() => onChange(list.toSpliced(index, 1))}
                />
              )}
            </div>
          ))}
          {readOnly ? null : (
            <button type="button" className="button quiet" onClick={() => onChange([...list, ""])}>
              + {label}
            </button>
          )}
        </>
      ) : (
        one(value, path, onChange)
      )}
      {single === true ? null : (
        <select
          className="field small"
          aria-label={`${label}: ${t("editor.which")}`}
          disabled={readOnly}
          value={mode}
          onChange={(event) => choose(event.target.value)}
        >
          <option value="one">{t("editor.which.one")}</option>
          <option value="several">{t("editor.which.several")}</option>
          <option value="group">{groupText}</option>
        </select>
      )}
    </div>
  );
}

/** A property, several, or that of an area or tag. */
export function PropertiesField({
  use,
  onChoose,
  ...props
}: WhichProps & {
  readonly use: PropertyUse;
  /** A single property was chosen, of which more is known. */
  readonly onChoose: (choice: PropertyChoice) => void;
}) {
  const { t } = useI18n();
  const { properties } = useHouseChoices();
  const { label, onChange, path } = props;
  return (
    <OneOrMany
      {...props}
      fresh={{ area: "", property: "" }}
      groupText={t("editor.which.group")}
      one={(value, at, change) => (
        <PropertyField
          label={label}
          path={at}
          use={use}
          reference={value}
          onChoose={(choice) => (at === path ? onChoose(choice) : change(choice.reference))}
        />
      )}
      group={(value) => (
        <>
          <AreaAndTag path={path} value={value} onChange={onChange} />
          <TextField
            label={t("editor.propertyName")}
            path={`${path}.property`}
            hint={t("editor.propertyNameHint")}
            required
            offers={properties}
            value={value.property}
            onChange={(property) => onChange({ ...value, property })}
          />
        </>
      )}
    />
  );
}

function AreaAndTag({
  path,
  value,
  onChange,
}: {
  readonly path: string;
  readonly value: Part;
  readonly onChange: (value: unknown) => void;
}) {
  const { t } = useI18n();
  const { areas, tags } = useHouseChoices();
  return ([["area", areas] as const, ["tag", tags] as const] as const).map(([key, choices]) => (
    <ChoiceField
      key={key}
      label={t(`editor.${key}`)}
      path={`${path}.${key}`}
      width="half"
      usual=""
      value={value[key]}
      options={[["", "—"] as const, ...choices]}
      onChange={(chosen) => onChange(withKey(value, key, chosen === "" ? undefined : chosen))}
    />
  ));
}

/** A Thing, several, or those of an area or tag. */
export function ThingsField(props: WhichProps) {
  const { t } = useI18n();
  const { things } = useHouseChoices();
  return (
    <OneOrMany
      {...props}
      fresh={{ area: "" }}
      groupText={t("editor.which.group")}
      one={(value, path, change) => (
        <IdField label={props.label} path={path} value={value} choices={things} onChange={change} />
      )}
      group={(value) => <AreaAndTag path={props.path} value={value} onChange={props.onChange} />}
    />
  );
}

/** A rule, several, or those of a group. */
export function RulesField(props: WhichProps) {
  const { t } = useI18n();
  const rules = useAppSelector((state) => state.rules);
  const choices = Object.values(rules).map(({ id, title }) => [id, title ?? id] as const);
  return (
    <OneOrMany
      {...props}
      fresh={{ group: "" }}
      groupText={t("editor.which.ruleGroup")}
      one={(value, path, change) => (
        <IdField label={props.label} path={path} value={value} choices={choices} onChange={change} />
      )}
      group={(value) => (
        <TextField
          label={t("editor.group")}
          path={`${props.path}.group`}
          required
          value={value.group}
          onChange={(group) => props.onChange({ ...value, group })}
        />
      )}
    />
  );
}

function IdField({
  label,
  path,
  value,
  choices,
  onChange,
}: {
  readonly label: string;
  readonly path: string;
  readonly value: unknown;
  readonly choices: readonly NamedChoice[];
  readonly onChange: (value: string) => void;
}) {
  const { t } = useI18n();
  return (
    <ChoiceField
      label={label}
      path={path}
      usual=""
      value={value}
      options={[["", t("property.choose")] as const, ...choices]}
      onChange={onChange}
    />
  );
}
