import { useContext } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { isPart, type ListKey, type Part, type PartKind, withInner, withKey } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { firstValue, fits, type PropertyChoice, type PropertyUse } from "./property-choices.ts";
import { PropertyField, useProperty } from "./property-field.tsx";
import { ChoiceField, DurationField, LimitField, TextField, TimeField } from "./simple-fields.tsx";
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
      return <NumericRange {...props} />;
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

function innerOf(part: Part, key: string): Part {
  const inner = part[key];
  return isPart(inner) ? inner : {};
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

function Holding({ part, path, onChange }: PartProps) {
  const { t } = useI18n();
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

function StateTrigger(props: PartProps) {
  const { part, path, onChange } = props;
  const { t } = useI18n();
  const state = innerOf(part, "state");
  const affordance = useProperty(state.property, "watch")?.affordance;
  return (
    <>
      <WatchedProperty {...props} use="watch" />
      {(["from", "to"] as const).map((key) => (
        <ValueField
          key={key}
          label={t(`editor.${key}`)}
          path={`${path}.state.${key}`}
          affordance={affordance}
          value={state[key]}
          none={t("editor.any")}
          onChange={(value) => onChange(withInner(part, "state", key, value))}
        />
      ))}
      {affordance?.momentary === true && part.for === undefined ? null : <Holding {...props} />}
      <TriggerName {...props} />
    </>
  );
}

function Limits({ kind, part, path, onChange }: PartProps) {
  const { t } = useI18n();
  const range = innerOf(part, kind);
  const unit = useProperty(range.property, "compare")?.affordance.unit;
  return (["above", "below"] as const).map((key) => (
    <LimitField
      key={key}
      label={unit === undefined ? t(`editor.${key}`) : `${t(`editor.${key}`)} (${unit})`}
      path={`${path}.${kind}.${key}`}
      value={range[key]}
      onChange={(value) => onChange(withInner(part, kind, key, value))}
    />
  ));
}

function NumericTrigger(props: PartProps) {
  return (
    <>
      <WatchedProperty {...props} use="compare" />
      <Limits {...props} />
      <Holding {...props} />
      <TriggerName {...props} />
    </>
  );
}

function NumericRange(props: PartProps) {
  return (
    <>
      <WatchedProperty {...props} use="compare" />
      <Limits {...props} />
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
  const state = innerOf(part, "state");
  const affordance = useProperty(state.property, "watch")?.affordance;
  return (
    <>
      <WatchedProperty {...props} use="watch" />
      <ValueField
        label={t("editor.is")}
        path={`${path}.state.is`}
        affordance={affordance}
        value={state.is}
        onChange={(value) => onChange(withInner(part, "state", "is", value))}
      />
    </>
  );
}

const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
/** 2024-01-01 was a Monday. */
const A_MONDAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

function TimeWindow({ part, path, onChange }: PartProps) {
  const { t, language } = useI18n();
  const { readOnly } = useContext(RuleEditorContext);
  const window = innerOf(part, "time");
  const days = Array.isArray(window.weekdays) ? window.weekdays : [];
  const names = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
  const toggle = (day: string): void => {
    const next = WEEKDAYS.filter((one) => (one === day ? !days.includes(one) : days.includes(one)));
    onChange(withInner(part, "time", "weekdays", next.length === 0 ? undefined : next));
  };
  return (
    <>
      {(["after", "before"] as const).map((key) => (
        <TimeField
          key={key}
          label={t(`editor.${key}`)}
          path={`${path}.time.${key}`}
          value={window[key]}
          onChange={(value) => onChange(withInner(part, "time", key, value))}
        />
      ))}
      <fieldset className="weekdays" data-path={`${path}.time.weekdays`}>
        <legend>{t("editor.weekdays")}</legend>
        {WEEKDAYS.map((day, index) => (
          <label key={day} className="checkbox">
            <input
              type="checkbox"
              disabled={readOnly}
              checked={days.includes(day)}
              onChange={() => toggle(day)}
            />
            {names.format(A_MONDAY + index * DAY_MS)}
          </label>
        ))}
        {days.length === 0 ? <p className="hint">{t("editor.everyDay")}</p> : null}
      </fieldset>
    </>
  );
}

function SetAction({ part, path, onChange }: PartProps) {
  const { t } = useI18n();
  const affordance = useProperty(part.set, "write")?.affordance;
  return (
    <>
      <PropertyField
        label={t("editor.property")}
        path={`${path}.set`}
        use="write"
        reference={part.set}
        onChoose={(choice) =>
          onChange({
            ...part,
            set: choice.reference,
            value: fits(choice.affordance, part.value) ? part.value : firstValue(choice.affordance),
          })
        }
      />
      <ValueField
        label={t("editor.value")}
        path={`${path}.value`}
        affordance={affordance}
        value={part.value}
        onChange={(value) => onChange({ ...part, value })}
      />
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
  const level = LEVELS.find((one) => one === part.level) ?? "info";
  return (
    <>
      <TextField
        label={t("editor.notify")}
        path={`${path}.notify`}
        required
        wide
        value={part.notify}
        onChange={(notify) => onChange({ ...part, notify })}
      />
      <ChoiceField
        label={t("editor.level")}
        path={`${path}.level`}
        value={level}
        options={LEVELS.map((one) => [one, t(`notices.level.${one}`)] as const)}
        onChange={(chosen) => onChange(withKey(part, "level", chosen === "info" ? undefined : chosen))}
      />
    </>
  );
}
