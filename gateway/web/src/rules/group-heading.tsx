import { useId, useState } from "react";
import { shallowEqual } from "react-redux";
import { mayAdminister } from "../account/session-slice.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";

interface Props {
  readonly group: string;
  /** Tells people who do not see it what happened. */
  readonly announce: (text: string) => void;
}

/** The name of a group, and a switch for all of its rules; their files stay. */
export function GroupHeading({ group, announce }: Props) {
  const { t } = useI18n();
  const ask = useApi();
  const id = useId();
  const may = useAppSelector((state) => mayAdminister(state.session));
  const on = useAppSelector((state) => idsOf(state.rules, group, "active"), shallowEqual);
  const off = useAppSelector((state) => idsOf(state.rules, group, "disabled"), shallowEqual);
  const [problem, setProblem] = useState<string>();
  const enabled = on.length > 0;

  async function toggle(): Promise<void> {
    const what = enabled ? "disable" : "enable";
    for (const rule of enabled ? on : off) {
      const result = await ask((api) => api.controlRule(rule, what));
      setProblem(result.ok ? undefined : problemText(result.problem, t));
      if (!result.ok) return;
    }
    announce(t(enabled ? "rules.switchedOff" : "rules.switchedOn", { rule: group }));
  }

  return (
    <div className="rule-group">
      <h2 id={id}>{group}</h2>
      {may && on.length + off.length > 0 ? (
        <button
          type="button"
          role="switch"
          className="switch"
          aria-checked={enabled}
          aria-label={t("rules.switchGroup", { group })}
          onClick={() => void toggle()}
        >
          <span className="switch-thumb" />
        </button>
      ) : null}
      <div role="alert">{problem === undefined ? null : <p className="card-problem">{problem}</p>}</div>
    </div>
  );
}

function idsOf(
  rules: Readonly<Record<string, { id: string; group?: string; status: string }>>,
  group: string,
  status: "active" | "disabled",
): readonly string[] {
  return Object.values(rules).flatMap((rule) =>
    rule.group === group && rule.status === status ? [rule.id] : [],
  );
}
