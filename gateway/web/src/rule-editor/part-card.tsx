import { useContext, useEffect, useId, useRef, useState } from "react";
import type { MessageKey } from "../i18n/catalogue.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { isPart, kindOf, type ListKey, type PartKind } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { PartFields } from "./part-fields.tsx";
import { showPart } from "./part-lines.ts";
import { problemsBelow } from "./problems.ts";
import { ToolButton } from "./tool-button.tsx";

const KIND_TITLES = {
  "triggers.state": "editor.trigger.state",
  "triggers.numeric": "editor.trigger.numeric",
  "triggers.time": "editor.trigger.time",
  "conditions.state": "editor.condition.state",
  "conditions.numeric": "editor.condition.numeric",
  "conditions.time": "editor.condition.time",
  "actions.set": "editor.action.set",
  "actions.delay": "editor.action.delay",
  "actions.notify": "editor.action.notify",
} as const satisfies Record<string, MessageKey>;

/** What a part is called. */
export function titleOf(
  list: ListKey,
  kind: PartKind | undefined,
): (typeof KIND_TITLES)[keyof typeof KIND_TITLES] | "editor.advanced" {
  return kind === undefined ? "editor.advanced" : KIND_TITLES[`${list}.${kind}` as keyof typeof KIND_TITLES];
}

interface Props {
  readonly list: ListKey;
  readonly part: unknown;
  readonly index: number;
  readonly count: number;
  readonly onChange: (part: unknown) => void;
  readonly onRemove: () => void;
  readonly onDuplicate: () => void;
  readonly onMove: (by: -1 | 1) => void;
}

/** One trigger, condition or action, with what can be done with it. */
export function PartCard({ list, part, index, count, onChange, onRemove, onDuplicate, onMove }: Props) {
  const { t } = useI18n();
  const { openText, readOnly } = useContext(RuleEditorContext);
  const headingId = useId();
  const card = useRef<HTMLLIElement>(null);
  const path = `${list}[${index}]`;
  const kind = kindOf(list, part);
  const title = t(titleOf(list, kind));
  return (
    <li className="part card" ref={card} aria-labelledby={headingId}>
      <div className="part-header">
        <h3 id={headingId} data-part={path} data-path={path} tabIndex={-1}>
          <span aria-hidden="true">{title}</span>
          <span className="visually-hidden">
            {t("editor.part", { kind: title, number: index + 1, count })}
          </span>
        </h3>
        {readOnly ? null : (
          <div className="part-tools">
            <ToolButton icon="up" label={t("editor.moveUp")} off={index === 0} onPress={() => onMove(-1)} />
            <ToolButton
              icon="down"
              label={t("editor.moveDown")}
              off={index === count - 1}
              onPress={() => onMove(1)}
            />
            <ToolButton icon="copy" label={t("editor.duplicate")} onPress={onDuplicate} />
            <ToolButton icon="remove" label={t("editor.remove")} onPress={onRemove} />
          </div>
        )}
      </div>
      {kind === undefined || !isPart(part) ? (
        <div className="advanced">
          <p className="muted">{t("editor.advancedHint")}</p>
          <pre>
            <code>{showPart(part)}</code>
          </pre>
          <button type="button" className="button" onClick={() => openText(path)}>
            {t("editor.editText")}
          </button>
        </div>
      ) : (
        <div className="part-fields">
          <PartFields list={list} kind={kind} part={part} path={path} onChange={onChange} />
        </div>
      )}
      <OtherProblems path={path} card={card} />
    </li>
  );
}

/** What is wrong or doubtful in a part and stands at none of its fields. */
function OtherProblems({
  path,
  card,
}: {
  readonly path: string;
  readonly card: { readonly current: HTMLElement | null };
}) {
  const { problems, warnings } = useContext(RuleEditorContext);
  const [shown, setShown] = useState<readonly string[]>([]);
  useEffect(() => {
    const fields = card.current?.querySelectorAll<HTMLElement>("[data-path]:not([data-part])") ?? [];
    const paths = [...fields].map((field) => field.dataset.path ?? "");
    setShown((before) => (before.join() === paths.join() ? before : paths));
  });
  return (
    <>
      {problemsBelow(warnings, path, shown).map(({ problem, path: place, lang }) => (
        <p key={`${place} ${problem}`} className="field-warning" lang={lang}>
          {problem}
        </p>
      ))}
      {problemsBelow(problems, path, shown).map(({ problem, path: place, lang }) => (
        <p key={`${place} ${problem}`} className="field-problem" lang={lang}>
          {problem}
        </p>
      ))}
    </>
  );
}
