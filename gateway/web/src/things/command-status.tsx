import type { PropertyAffordance } from "@tram/protocol";
import type { I18n } from "../i18n/i18n.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { AgeText } from "../live/age-text.tsx";
import { SlotText } from "../shell/slot-text.tsx";
import { useAppDispatch, useAppSelector } from "../store/hooks.ts";
import { type CommandProgress, commandTarget, progressOf } from "./command-entry.ts";
import { dismissed } from "./commands-slice.ts";
import { failureText } from "./failure-text.ts";
import { valueText } from "./value-text.ts";

interface Props {
  readonly thing: string;
  readonly property: string;
  readonly affordance: PropertyAffordance;
}

/** What became of the latest command of a property: it is being sent, it failed and why, or nothing to say. */
export function CommandStatus({ thing, property, affordance }: Props) {
  const i18n = useI18n();
  const dispatch = useAppDispatch();
  const target = commandTarget(thing, property);
  const entry = useAppSelector((state) => state.commands[target]);
  const progress = entry === undefined ? undefined : progressOf(entry);
  return (
    <div className="command" data-kind={progress?.kind}>
      <span role="status">
        {progress === undefined ? null : <Status progress={progress} affordance={affordance} i18n={i18n} />}
      </span>
      {progress?.kind === "failed" ? (
        <button type="button" className="button quiet" onClick={() => dispatch(dismissed(target))}>
          {i18n.t("command.dismiss")}
        </button>
      ) : null}
    </div>
  );
}

interface StatusProps {
  readonly progress: CommandProgress;
  readonly affordance: PropertyAffordance;
  readonly i18n: I18n;
}

function Status({ progress, affordance, i18n }: StatusProps) {
  const { t } = i18n;
  switch (progress.kind) {
    case "pending": {
      const value = valueText(progress.value, affordance, i18n);
      return (
        <>
          <span className="spinner" aria-hidden="true" />
          {progress.by === undefined
            ? t("command.sending", { value })
            : t("command.sendingBy", { value, origin: progress.by })}
        </>
      );
    }
    case "waiting":
      return <>{t("command.waiting", { value: valueText(progress.value, affordance, i18n) })}</>;
    case "sent": {
      const value = valueText(progress.value, affordance, i18n);
      return (
        <SlotText text={(age) => t("command.sent", { value, age })}>
          <AgeText iso={progress.at} />
        </SlotText>
      );
    }
    case "confirmed":
      return <span className="visually-hidden">{t("command.confirmed")}</span>;
    case "failed": {
      const { text, detail } = failureText(progress.code, progress.reason, t);
      return (
        <>
          {t("command.failed", { value: valueText(progress.value, affordance, i18n), reason: text })}
          {detail === undefined ? null : <span lang="en"> ({detail})</span>}
        </>
      );
    }
  }
}
