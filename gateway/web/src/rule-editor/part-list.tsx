import { useContext, useEffect, useId, useRef, useState } from "react";
import type { MessageKey } from "../i18n/messages/en.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { isPart, kindOf, kindsOf, type ListKey, moved, newPart, type PartKind } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { PartFields } from "./part-fields.tsx";
import { problemsBelow, said } from "./problems.ts";

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

function titleOf(
  list: ListKey,
  kind: PartKind | undefined,
): (typeof KIND_TITLES)[keyof typeof KIND_TITLES] | "editor.advanced" {
  return kind === undefined ? "editor.advanced" : KIND_TITLES[`${list}.${kind}` as keyof typeof KIND_TITLES];
}

interface Props {
  readonly list: ListKey;
  readonly parts: readonly unknown[];
  readonly onChange: (parts: readonly unknown[]) => void;
  /** Tells people who do not see it what happened. */
  readonly announce: (text: string) => void;
}

/** The triggers, conditions or actions of a rule. */
export function PartList({ list, parts, onChange, announce }: Props) {
  const { t } = useI18n();
  const headingId = useId();
  const root = useRef<HTMLElement>(null);
  const { readOnly } = useContext(RuleEditorContext);
  const keys = usePartKeys(parts.length);
  // The part that gets the focus once it is there; -1 is the heading.
  const [focus, setFocus] = useState<number>();

  useEffect(() => {
    if (focus === undefined) return;
    setFocus(undefined);
    const part = root.current?.querySelectorAll<HTMLElement>(".part")[focus];
    // The first field of the part, its heading where there is none, the list's heading where there is no part.
    const target =
      part?.querySelector<HTMLElement>("input, select") ??
      part?.querySelector<HTMLElement>("h3") ??
      root.current?.querySelector<HTMLElement>("h2");
    target?.focus();
  }, [focus]);

  function add(kind: PartKind): void {
    keys.insert(parts.length);
    onChange([...parts, newPart(list, kind)]);
    setFocus(parts.length);
    announce(t("editor.added", { kind: t(titleOf(list, kind)) }));
  }

  function remove(index: number): void {
    keys.remove(index);
    onChange(parts.toSpliced(index, 1));
    setFocus(parts.length === 1 ? -1 : Math.max(0, index - 1));
    announce(t("editor.removed", { kind: t(titleOf(list, kindOf(list, parts[index]))) }));
  }

  function duplicate(index: number): void {
    keys.insert(index + 1);
    const copy = parts[index];
    // A trigger's name tells it from the others.
    const fresh = isPart(copy) && list === "triggers" ? (({ id: _own, ...rest }) => rest)(copy) : copy;
    onChange(parts.toSpliced(index + 1, 0, fresh));
    setFocus(index + 1);
  }

  function move(index: number, by: -1 | 1): void {
    keys.move(index, by);
    onChange(moved(parts, index, by));
  }

  return (
    <section className="part-list" aria-labelledby={headingId} ref={root} data-path={list}>
      <h2 id={headingId} tabIndex={-1}>
        {t(`editor.${list}`)}
      </h2>
      <p className="muted">
        {t(list === "conditions" && parts.length === 0 ? "editor.noConditions" : `editor.${list}Hint`)}
      </p>
      <ListProblem list={list} parts={parts} />
      <ol className="parts">
        {parts.map((part, index) => (
          <PartCard
            key={keys.at(index)}
            list={list}
            part={part}
            index={index}
            count={parts.length}
            onChange={(changed) => onChange(parts.with(index, changed))}
            onRemove={() => remove(index)}
            onDuplicate={() => duplicate(index)}
            onMove={(by) => move(index, by)}
          />
        ))}
      </ol>
      {readOnly ? null : (
        <div className="add-row">
          {kindsOf(list).map((kind) => (
            <button key={kind} type="button" className="button" onClick={() => add(kind)}>
              <span aria-hidden="true">+ </span>
              <span className="visually-hidden">{t("editor.add", { kind: t(titleOf(list, kind)) })}</span>
              <span aria-hidden="true">{t(titleOf(list, kind))}</span>
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

/** What is wrong with the list itself: that it is empty, or not a list. */
function ListProblem({ list, parts }: { readonly list: ListKey; readonly parts: readonly unknown[] }) {
  const { problems } = useContext(RuleEditorContext);
  const inParts = (path: string): boolean =>
    parts.some((_part, index) => path.startsWith(`${list}[${index}]`));
  const text = said(problemsBelow(problems, list, []).filter(({ path }) => !inParts(path)));
  return text === undefined ? null : (
    <p className="field-problem" lang="en">
      {text}
    </p>
  );
}

function PartCard({
  list,
  part,
  index,
  count,
  onChange,
  onRemove,
  onDuplicate,
  onMove,
}: {
  readonly list: ListKey;
  readonly part: unknown;
  readonly index: number;
  readonly count: number;
  readonly onChange: (part: unknown) => void;
  readonly onRemove: () => void;
  readonly onDuplicate: () => void;
  readonly onMove: (by: -1 | 1) => void;
}) {
  const { t } = useI18n();
  const { problems, readOnly } = useContext(RuleEditorContext);
  const headingId = useId();
  const card = useRef<HTMLLIElement>(null);
  const [shown, setShown] = useState<readonly string[]>([]);
  const path = `${list}[${index}]`;
  const kind = kindOf(list, part);
  const title = t(titleOf(list, kind));

  // What a field shows need not be said again.
  useEffect(() => {
    const paths = [...(card.current?.querySelectorAll<HTMLElement>("[data-path]") ?? [])].map(
      (element) => element.dataset.path ?? "",
    );
    setShown((before) => (before.join() === paths.join() ? before : paths));
  });
  const rest = said(problemsBelow(problems, path, shown));

  return (
    <li className="part card" ref={card} aria-labelledby={headingId}>
      <div className="part-header">
        <h3 id={headingId} data-path={path} tabIndex={-1}>
          <span aria-hidden="true">{title}</span>
          <span className="visually-hidden">
            {t("editor.part", { kind: title, number: index + 1, count })}
          </span>
        </h3>
        {readOnly ? null : (
          <div className="part-tools">
            <ToolButton label={t("editor.moveUp")} sign="↑" off={index === 0} onPress={() => onMove(-1)} />
            <ToolButton
              label={t("editor.moveDown")}
              sign="↓"
              off={index === count - 1}
              onPress={() => onMove(1)}
            />
            <ToolButton label={t("editor.duplicate")} sign="⊕" onPress={onDuplicate} />
            <ToolButton label={t("editor.remove")} sign="✕" onPress={onRemove} />
          </div>
        )}
      </div>
      {kind === undefined || !isPart(part) ? (
        <>
          <p className="muted">{t("editor.advancedHint")}</p>
          <pre className="advanced">{JSON.stringify(part, null, 2)}</pre>
        </>
      ) : (
        <div className="part-fields">
          <PartFields list={list} kind={kind} part={part} path={path} onChange={onChange} />
        </div>
      )}
      {rest === undefined ? null : (
        <p className="field-problem" lang="en">
          {rest}
        </p>
      )}
    </li>
  );
}

function ToolButton({
  label,
  sign,
  off,
  onPress,
}: {
  readonly label: string;
  readonly sign: string;
  readonly off?: boolean;
  readonly onPress: () => void;
}) {
  return (
    <button
      type="button"
      className="button tool"
      aria-label={label}
      title={label}
      aria-disabled={off === true}
      onClick={() => {
        if (off !== true) onPress();
      }}
    >
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}

let lastKey = 0;

/** Keys that go with the parts when they move, so that a field keeps what is being typed. */
function usePartKeys(count: number) {
  const keys = useRef<number[]>([]);
  while (keys.current.length < count) keys.current.push(++lastKey);
  if (keys.current.length > count) keys.current.length = count;
  return {
    at: (index: number) => keys.current[index],
    insert: (index: number) => void keys.current.splice(index, 0, ++lastKey),
    remove: (index: number) => void keys.current.splice(index, 1),
    move: (index: number, by: -1 | 1) => {
      keys.current = [...moved(keys.current, index, by)];
    },
  };
}
