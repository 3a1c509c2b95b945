import { useContext, useId } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { WEEKDAYS, weekdayName } from "../rules/condition-facts.ts";
import { innerOf, type ListKey, type Part, type PartKind, withInner, withKey } from "./document.ts";
import { describedBy, FieldLines, RuleEditorContext, useFieldLines } from "./field-frame.tsx";
import { firstValue, fits, type PropertyChoice, type PropertyUse } from "./property-choices.ts";
import { PropertyField } from "./property-field.tsx";
import { ChoiceField, DurationField, NumberField, TextField, TimeField } from "./simple-fields.tsx";
import { ValueField } from "./value-field.tsx";

export interface PartProps {
  readonly list: ListKey;
  readonly kind: PartKind;
  readonly part: Part;
  /** `triggers[0]` */
  readonly path: string;
  readonly onChange: (part: Part) => void;
}

/** The fields of one part of a rule. */
export function PartFields(props: PartProps) {
  switch (`${props.list}.${props.kind}`) {
    case "triggers.state":
      return <StateTrigger {...props} />;
    case "triggers.numeric":
      return <NumericTrigger {...props} />;
    case "triggers.time":
      return <TimeTrigger {...props} />;
    case "conditions.state":
      return <StateCondition {...props} />;
    case "conditions.numeric":
      return <Range {...props} use="look-number" />;
    case "conditions.time":
      return <TimeWindow {...props} />;
    case "actions.set":
      return <SetAction {...props} />;
    case "actions.delay":
      return <DelayAction {...props} />;
    default:
      return <NotifyAction {...props} />;
  }
}

function TriggerName({ part, path, onChange }: PartProps) {
  const { t } = useI18n();
  return (
    <TextField
      label={t("editor.triggerId")}
      path={`${path}.id`}
      value={part.id}
      onChange={(id) => onChange(withKey(part, "id", id))}
    />
  );
}

/** How long a value must hold. An occurrence does not last; one that somebody wrote is shown all the same. */
function Holding({ kind, part, path, onChange }: PartProps) {
  const { t } = useI18n();
  const { affordanceOf } = useContext(RuleEditorContext);
  const momentary = affordanceOf(innerOf(part, kind).property)?.momentary === true;
  if (momentary && part.for === undefined) return null;
  return (
    <DurationField
      label={t("editor.for")}
      path={`${path}.for`}
      hint={t("editor.forHint")}
      value={part.for}
      onChange={(text) => onChange(withKey(part, "for", text))}
    />
  );
}

/** The property of a state or numeric part. What was compared with the old one goes when it cannot be of the new one. */
function WatchedProperty({ kind, part, path, onChange, use }: PartProps & { readonly use: PropertyUse }) {
  const { t } = useI18n();
  const inner = innerOf(part, kind);
  function choose({ reference, affordance }: PropertyChoice): void {
    let next: Part = { ...inner, property: reference };
    for (const key of ["from", "to"]) {
      if (Object.hasOwn(next, key) && !fits(affordance, next[key])) next = withKey(next, key, undefined);
    }
    if (Object.hasOwn(next, "is") && !fits(affordance, next.is))
      next = { ...next, is: firstValue(affordance) };
    const changed = { ...part, [kind]: next };
    onChange(affordance.momentary === true ? withKey(changed, "for", undefined) : changed);
  }
  return (
    <PropertyField
      label={t("editor.property")}
      path={`${path}.${kind}.property`}
      use={use}
      reference={inner.property}
      onChoose={choose}
    />
  );
}

const ENDS = ["from", "to"] as const;

/** What a value can be is known once its property is. */
function isChosen(reference: unknown): boolean {
  return reference !== undefined && reference !== "";
}

function StateTrigger(props: PartProps) {
  const { part, path, onChange } = props;
  const { t } = useI18n();
  const { affordanceOf } = useContext(RuleEditorContext);
  const state = innerOf(part, "state");
  return (
    <>
      <WatchedProperty {...props} use="watch" />
      {ENDS.filter(() => isChosen(state.property)).map((key) => (
        <ValueField
          key={key}
          label={t(`editor.${key}`)}
          path={`${path}.state.${key}`}
          width="half"
          affordance={affordanceOf(state.property)}
          value={state[key]}
          none={t("editor.any")}
          onChange={(value) => onChange(withInner(part, "state", key, value))}
        />
      ))}
      <Holding {...props} />
      <TriggerName {...props} />
    </>
  );
}

/** A property that is a number, and its limits with the unit. */
function Range(props: PartProps & { readonly use: PropertyUse }) {
  const { kind, part, path, onChange } = props;
  const { t } = useI18n();
  const { affordanceOf } = useContext(RuleEditorContext);
  const range = innerOf(part, kind);
  const unit = affordanceOf(range.property)?.unit;
  return (
    <>
      <WatchedProperty {...props} />
      {(["above", "below"] as const).map((key) => (
        <NumberField
          key={key}
          label={unit === undefined ? t(`editor.${key}`) : `${t(`editor.${key}`)} (${unit})`}
          path={`${path}.${kind}.${key}`}
          width="half"
          placeholder={t("editor.limit")}
          value={range[key]}
          onChange={(value) => onChange(withInner(part, kind, key, value))}
        />
      ))}
    </>
  );
}

function NumericTrigger(props: PartProps) {
  return (
    <>
      <Range {...props} use="watch-number" />
      <Holding {...props} />
      <TriggerName {...props} />
    </>
  );
}

function TimeTrigger(props: PartProps) {
  const { part, path, onChange } = props;
  const { t } = useI18n();
  return (
    <>
      <TimeField
        label={t("editor.time")}
        path={`${path}.time`}
        required
        value={part.time}
        onChange={(time) => onChange({ ...part, time })}
      />
      <TriggerName {...props} />
    </>
  );
}

function StateCondition(props: PartProps) {
  const { part, path, onChange } = props;
  const { t } = useI18n();
  const { affordanceOf } = useContext(RuleEditorContext);
  const state = innerOf(part, "state");
  return (
    <>
      <WatchedProperty {...props} use="look" />
      {isChosen(state.property) ? (
        <ValueField
          label={t("editor.is")}
          path={`${path}.state.is`}
          affordance={affordanceOf(state.property)}
          value={state.is}
          onChange={(value) => onChange(withInner(part, "state", "is", value))}
        />
      ) : null}
    </>
  );
}

function TimeWindow({ part, path, onChange }: PartProps) {
  const i18n = useI18n();
  const { t } = i18n;
  const id = useId();
  const { readOnly } = useContext(RuleEditorContext);
  const window = innerOf(part, "time");
  const days: readonly unknown[] = Array.isArray(window.weekdays) ? window.weekdays : [];
  const daysPath = `${path}.time.weekdays`;
  const { lines } = useFieldLines(daysPath, {
    hint: days.length === 0 ? t("editor.everyDay") : undefined,
  });
  // In the order of the week; what is no weekday stays, for its author to mend.
  const toggle = (day: string): void => {
    const wanted = days.includes(day) ? days.filter((one) => one !== day) : [...days, day];
    const sorted = [
      ...WEEKDAYS.filter((one) => wanted.includes(one)),
      ...wanted.filter((one) => !WEEKDAYS.some((known) => known === one)),
    ];
    onChange(withInner(part, "time", "weekdays", sorted.length === 0 ? undefined : sorted));
  };
  return (
    <>
      {(["after", "before"] as const).map((key) => (
        <TimeField
          key={key}
          label={t(`editor.${key}`)}
          path={`${path}.time.${key}`}
          width="half"
          value={window[key]}
          onChange={(value) => onChange(withInner(part, "time", key, value))}
        />
      ))}
      <fieldset
        className="weekdays"
        data-path={daysPath}
        tabIndex={-1}
        aria-describedby={describedBy(id, lines)}
      >
        <legend>{t("editor.weekdays")}</legend>
        {WEEKDAYS.map((day) => (
          <label key={day} className="checkbox">
            <input
              type="checkbox"
              disabled={readOnly}
              checked={days.includes(day)}
              onChange={() => toggle(day)}
            />
            {weekdayName(day, i18n)}
          </label>
        ))}
        <FieldLines id={id} lines={lines} />
      </fieldset>
    </>
  );
}

function SetAction({ part, path, onChange }: PartProps) {
  const { t } = useI18n();
  const { affordanceOf } = useContext(RuleEditorContext);
  return (
    <>
      <PropertyField
        label={t("editor.property")}
        path={`${path}.set`}
        use="write"
        reference={part.set}
        onChoose={({ affordance, reference }) =>
          onChange({
            ...part,
            set: reference,
            value: fits(affordance, part.value) ? part.value : firstValue(affordance),
          })
        }
      />
      {isChosen(part.set) ? (
        <ValueField
          label={t("editor.value")}
          path={`${path}.value`}
          affordance={affordanceOf(part.set)}
          value={part.value}
          onChange={(value) => onChange(withKey(part, "value", value))}
        />
      ) : null}
    </>
  );
}

function DelayAction({ part, path, onChange }: PartProps) {
  const { t } = useI18n();
  return (
    <DurationField
      label={t("editor.delay")}
      path={`${path}.delay`}
      value={part.delay}
      onChange={(text) => onChange({ ...part, delay: text ?? "" })}
    />
  );
}

const LEVELS = ["info", "warning", "alarm"] as const;

function NotifyAction({ part, path, onChange }: PartProps) {
  const { t } = useI18n();
  return (
    <>
      <TextField
        label={t("editor.notify")}
        path={`${path}.notify`}
        required
        width="wide"
        value={part.notify}
        onChange={(notify) => onChange({ ...part, notify })}
      />
      <ChoiceField
        label={t("editor.level")}
        path={`${path}.level`}
        usual="info"
        value={part.level}
        options={LEVELS.map((one) => [one, t(`notices.level.${one}`)] as const)}
        onChange={(chosen) => onChange(withKey(part, "level", chosen === "info" ? undefined : chosen))}
      />
    </>
  );
}
