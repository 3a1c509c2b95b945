import { useContext, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { isPart, type Part, partsOf, valueAt, withPath } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { useHouseChoices } from "./house-choices.ts";
import { ChoicesField, TimesField, useChoiceText, ValuesField } from "./list-fields.tsx";
import { BlocksField, BranchesField, NestedList, RepeatHowField } from "./nested-fields.tsx";
import { isTemplate, readOffset, type ShownField } from "./part-shape.ts";
import type { FieldSpec, Role } from "./part-specs.ts";
import { withProperty } from "./property-change.ts";
import { RawField } from "./raw-field.tsx";
import {
  ChoiceField,
  CodeField,
  DurationField,
  EntryField,
  FlagField,
  NumberField,
  TextField,
  TimeField,
} from "./simple-fields.tsx";
import { readValue } from "./value-entry.ts";
import { ValueField } from "./value-field.tsx";
import { WebhookField } from "./webhook-field.tsx";
import { WeekField } from "./week-field.tsx";
import { PropertiesField, RulesField, ThingsField } from "./which-field.tsx";

export interface FieldProps {
  readonly field: ShownField;
  /** All fields of the part. */
  readonly specs: readonly FieldSpec[];
  readonly part: Part;
  /** Of the part: `triggers[0]`; empty for the rule. */
  readonly path: string;
  readonly onChange: (part: Part) => void;
}

/** One field of a part, in the control that suits what stands there. */
export function FieldView({ field, specs, part, path: place, onChange }: FieldProps) {
  const { t } = useI18n();
  const { affordanceOf } = useContext(RuleEditorContext);
  const offers = useOffers(field.offers, part);
  const choiceText = useChoiceText();
  const { at, need, type, value, width } = field;
  const label = field.label === undefined ? at : t(field.label);
  const hint = field.hint === undefined ? undefined : t(field.hint);
  const path = place === "" ? at : `${place}${at.startsWith("[") ? "" : "."}${at}`;
  const set = (changed: unknown): void => onChange(withPath(part, at, changed));
  const common = { label, path, hint, width, value, onChange: set };
  const reference = field.of === undefined ? undefined : valueAt(part, field.of);
  const inside = isPart(part.state) && part.state.attribute !== undefined;
  const affordance = inside ? undefined : affordanceOf(typeof reference === "string" ? reference : undefined);
  switch (type) {
    case "properties":
      return (
        <PropertiesField
          {...common}
          single={field.single}
          use={field.use ?? "look"}
          onChoose={(choice) => onChange(withProperty(part, specs, at, choice))}
        />
      );
    case "things":
      return <ThingsField {...common} single={field.single} />;
    case "rules":
      return <RulesField {...common} single={field.single} />;
    case "values":
      // What a value can be is known once its property is.
      if (reference === "" && value === undefined) return null;
      return <ValuesField {...common} affordance={affordance} need={need === true} />;
    case "value":
      if (reference === "") return null;
      return <AnyField {...common} affordance={affordance} />;
    case "any":
      return <AnyField {...common} affordance={undefined} />;
    case "number":
      return (
        <NumberField
          {...common}
          label={affordance?.unit === undefined ? label : `${label} (${affordance.unit})`}
          placeholder={field.of === undefined ? undefined : t("editor.limit")}
        />
      );
    case "pattern":
      return (
        <EntryField
          {...common}
          read={(text) => (text.trim() === "" ? undefined : readValue(text, undefined, true))}
        />
      );
    case "text":
      return <TextField {...common} required={need === true} offers={offers} />;
    case "code":
      return <CodeField {...common} />;
    case "duration":
      if (at === "for" && value === undefined && isMomentary(part, affordanceOf)) return null;
      return <DurationField {...common} />;
    case "wait":
      return <WaitField {...common} />;
    case "offset":
      return <OffsetField {...common} />;
    case "flag":
      return <FlagField {...common} usual={field.usual === "true"} />;
    case "choice":
      return (
        <ChoiceField<string>
          {...common}
          usual={field.usual ?? ""}
          options={[
            ...(field.usual === "" ? [["", "—"] as const] : []),
            ...(field.options ?? []).map((option) => [option, choiceText(option)] as const),
          ]}
          onChange={(chosen) => set(chosen === field.usual ? undefined : chosen)}
        />
      );
    case "choices":
      return <ChoicesField {...common} options={field.options ?? []} always={at.endsWith("weekdays")} />;
    case "time":
      return <TimeField {...common} />;
    case "times":
      return <TimesField {...common} />;
    case "week":
      return <WeekField {...common} />;
    case "words":
      return <WordsField {...common} need={need === true} offers={offers} />;
    case "missed":
      return <MissedField {...common} />;
    case "webhook":
      return <WebhookField {...common} />;
    case "how":
      return <RepeatHowField {...common} />;
    case "condition":
      return <NestedList {...common} kinds="conditions" lone />;
    case "triggers":
    case "conditions":
    case "actions":
      return (
        <NestedList
          {...common}
          kinds={type satisfies Role}
          onChange={(parts) =>
            set(need !== true && Array.isArray(parts) && parts.length === 0 ? undefined : parts)
          }
        />
      );
    case "branches":
      return <BranchesField {...common} />;
    case "blocks":
      return <BlocksField {...common} />;
    case "raw":
      return <RawField {...common} />;
  }
}

function isMomentary(
  part: Part,
  affordanceOf: (reference: unknown) => { readonly momentary?: boolean } | undefined,
): boolean {
  return [part.state, part.numeric].some(
    (inner) => isPart(inner) && affordanceOf(inner.property)?.momentary === true,
  );
}

interface ControlProps {
  readonly label: string;
  readonly path: string;
  readonly hint?: string | undefined;
  readonly width?: "half" | "wide" | undefined;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

const TEMPLATE = '${ value("room/air/temperature") }';
const EMPTY_TEMPLATE = "${ }";

/** A value of any kind, or a formula that gives one. */
function AnyField({
  affordance,
  ...props
}: ControlProps & { readonly affordance: Parameters<typeof ValueField>[0]["affordance"] }) {
  const { t } = useI18n();
  const { value } = props;
  if (isTemplate(value)) {
    return (
      <WithFormula {...props} plain={affordance?.type === "boolean" ? true : 0}>
        <CodeField {...props} hint={t("editor.templateHint", { example: TEMPLATE })} />
      </WithFormula>
    );
  }
  const nested = typeof value === "object" && value !== null;
  return nested || affordance?.type === "object" || affordance?.type === "array" ? (
    <RawField {...props} />
  ) : (
    <WithFormula {...props} plain={undefined}>
      <ValueField {...props} affordance={affordance} />
    </WithFormula>
  );
}

/** A duration, or a formula that gives one. */
function WaitField(props: ControlProps) {
  const { t } = useI18n();
  const plain = isTemplate(props.value) ? "5m" : undefined;
  return (
    <WithFormula {...props} plain={plain}>
      {plain === undefined ? (
        <DurationField {...props} onChange={(text) => props.onChange(text ?? "")} />
      ) : (
        <CodeField {...props} hint={t("editor.templateHint", { example: TEMPLATE })} />
      )}
    </WithFormula>
  );
}

/** Lets people choose between a value and a formula. @param plain the value to go back to; undefined where it is one. */
function WithFormula({
  label,
  plain,
  onChange,
  children,
}: ControlProps & { readonly plain: unknown; readonly children: React.ReactNode }) {
  const { t } = useI18n();
  const { readOnly } = useContext(RuleEditorContext);
  const text = t(plain === undefined ? "editor.useFormula" : "editor.usePlain");
  return (
    <div className="which">
      {children}
      {readOnly ? null : (
        <button
          type="button"
          className="button quiet"
          aria-label={`${label}: ${text}`}
          onClick={() => onChange(plain === undefined ? EMPTY_TEMPLATE : plain)}
        >
          {text}
        </button>
      )}
    </div>
  );
}

/** A time before or after a moment. */
function OffsetField({ onChange, value, ...props }: ControlProps) {
  const { t } = useI18n();
  const { readOnly } = useContext(RuleEditorContext);
  const read = readOffset(value);
  const [before, setBefore] = useState(read.before);
  const sign = value === undefined ? before : read.before;
  const write = (duration: string | undefined, earlier: boolean): void => {
    setBefore(earlier);
    onChange(duration === undefined || duration === "" ? undefined : `${earlier ? "-" : ""}${duration}`);
  };
  return (
    <DurationField
      {...props}
      value={read.duration === "" ? undefined : read.duration}
      lead={
        <select
          className="field"
          aria-label={`${props.label}: ${t("editor.beforeOrAfter")}`}
          disabled={readOnly}
          value={sign ? "before" : "after"}
          onChange={(event) => write(read.duration, event.target.value === "before")}
        >
          <option value="after">{t("editor.offsetAfter")}</option>
          <option value="before">{t("editor.offsetBefore")}</option>
        </select>
      }
      onChange={(duration) => write(duration, sign)}
    />
  );
}

/** Words between commas; a single one may be written as a text. */
function WordsField({
  need,
  value,
  onChange,
  ...props
}: ControlProps & { readonly need: boolean; readonly offers: readonly string[] | undefined }) {
  const read = (text: string): unknown => {
    const words = text
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "");
    if (words.length === 0) return need ? "" : undefined;
    return need && words.length === 1 ? words[0] : words;
  };
  // Lists are new each time they are read: texts tell whether they are the same.
  const shown = Array.isArray(value) ? value.join(", ") : value;
  return (
    <TextField
      {...props}
      value={shown}
      required={need}
      onChange={(text) => onChange(read(String(text ?? "")))}
    />
  );
}

/** What becomes of a moment that passed while the gateway was off. */
function MissedField({ value, onChange, label, path }: ControlProps) {
  const { t } = useI18n();
  const late = isPart(value) ? value : undefined;
  return (
    <>
      <ChoiceField
        label={label}
        path={path}
        usual="skip"
        value={late === undefined ? value : "catch_up"}
        options={(["skip", "once", "catch_up"] as const).map(
          (one) => [one, t(`editor.missed.${one}`)] as const,
        )}
        onChange={(chosen) => {
          if (chosen === "catch_up") onChange({ catch_up: "30m" });
          else onChange(chosen === "skip" ? undefined : chosen);
        }}
      />
      {late === undefined ? null : (
        <DurationField
          label={t("editor.catchUp")}
          path={`${path}.catch_up`}
          value={late.catch_up}
          onChange={(text) => onChange({ catch_up: text ?? "" })}
        />
      )}
    </>
  );
}

/** What may be typed into a field, for example. */
function useOffers(offers: FieldSpec["offers"], part: Part): readonly string[] | undefined {
  const { actions, events } = useHouseChoices();
  const { draft } = useContext(RuleEditorContext);
  const rules = useAppSelector((state) => state.rules);
  const descriptions = useAppSelector((state) => state.things.descriptions);
  switch (offers) {
    case "actions":
      return actions;
    case "events": {
      const thing = isPart(part.event) ? descriptions[String(part.event.thing)] : undefined;
      return thing === undefined ? events : Object.keys(thing.events ?? {});
    }
    case "groups":
      return [...new Set(Object.values(rules).flatMap((rule) => groupOf(rule) ?? []))];
    case "triggers":
      return partsOf(draft?.state.document ?? {}, "triggers").flatMap((trigger) =>
        isPart(trigger) && typeof trigger.id === "string" ? [trigger.id] : [],
      );
    default:
      return undefined;
  }
}

function groupOf(rule: object): string | undefined {
  return "group" in rule && typeof rule.group === "string" ? rule.group : undefined;
}
