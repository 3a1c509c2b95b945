import { useContext, useId } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { weekdayName } from "../rules/condition-facts.ts";
import { isPart, withKey } from "./document.ts";
import { describedBy, FieldLines, RuleEditorContext, useFieldLines } from "./field-frame.tsx";
import { effectiveWeek, readWindow, WEEK_DAYS } from "./part-shape.ts";
import { TextField, TimeField } from "./simple-fields.tsx";
import { ToolButton } from "./tool-button.tsx";

interface Props {
  readonly label: string;
  readonly path: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

const FRESH_WINDOW = "08:00-17:00";

/** A weekly table: the windows of each day, and of the days together; each day shows as a bar what holds for it. */
export function WeekField({ label, path, value, onChange }: Props) {
  const i18n = useI18n();
  const { t } = i18n;
  const id = useId();
  const { readOnly } = useContext(RuleEditorContext);
  const { lines } = useFieldLines(path, {});
  const week = isPart(value) ? value : {};
  const effective = effectiveWeek(week);
  const windowsOf = (day: string): readonly unknown[] => {
    const windows = week[day];
    return Array.isArray(windows) ? windows : [];
  };
  const write = (day: string, windows: readonly unknown[]): void => {
    if (windows.length > 0 || !Object.hasOwn(week, day)) {
      // In the order of the week.
      const next = { ...week, [day]: windows };
      onChange(
        Object.fromEntries(
          WEEK_DAYS.filter((one) => Object.hasOwn(next, one)).map((one) => [one, next[one]]),
        ),
      );
    } else onChange(withKey(week, day, undefined));
  };
  return (
    <fieldset className="week" data-path={path} tabIndex={-1} aria-describedby={describedBy(id, lines)}>
      <legend>{label}</legend>
      {WEEK_DAYS.map((day) => {
        const name =
          day === "daily" || day === "weekdays" || day === "weekend"
            ? t(`editor.week.${day}`)
            : weekdayName(day, i18n);
        const bars = effective[day];
        return (
          <div key={day} className="week-row" data-path={`${path}.${day}`} tabIndex={-1}>
            <span className="week-day">{name}</span>
            {bars === undefined ? null : (
              <span className="week-bar" aria-hidden="true">
                {bars.map(([from, to]) => (
                  <span
                    key={`${from}-${to}`}
                    style={{ insetInlineStart: `${from / 14.4}%`, inlineSize: `${(to - from) / 14.4}%` }}
                  />
                ))}
              </span>
            )}
            {readOnly ? null : (
              <button
                type="button"
                className="button tool"
                aria-label={t("editor.addWindow", { day: name })}
                title={t("editor.addWindow", { day: name })}
                onClick={() => write(day, [...windowsOf(day), FRESH_WINDOW])}
              >
                +
              </button>
            )}
            {windowsOf(day).map((window, index) => (
              <Window
                // biome-ignore lint/suspicious/noArrayIndexKey: two may be the same while they are typed.
                key={index}
                name={`${name}, ${index + 1}`}
                path={`${path}.${day}[${index}]`}
                window={window}
                onChange={(changed) => write(day, windowsOf(day).with(index, changed))}
                onRemove={() => write(day, windowsOf(day).toSpliced(index, 1))}
              />
            ))}
          </div>
        );
      })}
      <FieldLines id={id} lines={lines} />
    </fieldset>
  );
}

function Window({
  name,
  path,
  window,
  onChange,
  onRemove,
}: {
  readonly name: string;
  readonly path: string;
  readonly window: unknown;
  readonly onChange: (window: string) => void;
  readonly onRemove: () => void;
}) {
  const { t } = useI18n();
  const { readOnly } = useContext(RuleEditorContext);
  const read = readWindow(window);
  return (
    <div className="week-window">
      {read === undefined ? (
        <TextField
          label={name}
          path={path}
          required
          value={window}
          onChange={(text) => onChange(String(text))}
        />
      ) : (
        <>
          <TimeField
            label={`${name}: ${t("editor.after")}`}
            path={path}
            required
            value={read.from}
            // While a time is typed anew it is none: what stood there stays.
            onChange={(from) => (from === "" ? undefined : onChange(`${from}-${read.to}`))}
          />
          <TimeField
            label={`${name}: ${t("editor.before")}`}
            path={`${path}.to`}
            required
            // A field for a time knows no 24:00.
            value={read.to === "24:00" ? "00:00" : read.to}
            onChange={(to) =>
              to === "" ? undefined : onChange(`${read.from}-${to === "00:00" ? "24:00" : to}`)
            }
          />
        </>
      )}
      {readOnly ? null : (
        <ToolButton icon="remove" label={`${t("editor.remove")}: ${name}`} onPress={onRemove} />
      )}
    </div>
  );
}
