import { useContext, useEffect, useId, useRef, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { isPart, kindOf, kindsOf, type ListKey, moved, newPart, type PartKind } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { PartCard, titleOf } from "./part-card.tsx";
import { showPart } from "./part-lines.ts";
import { problemsBelow } from "./problems.ts";

interface Props {
  readonly list: ListKey;
  readonly parts: readonly unknown[];
  /** What stands in the place of the list, where it is none. */
  readonly instead: unknown;
  readonly onChange: (parts: readonly unknown[]) => void;
  /** Tells people who do not see it what happened. */
  readonly announce: (text: string) => void;
}

/** What gets the focus once it is there. */
interface Focus {
  readonly index: number;
  readonly on: "field" | "heading" | "up" | "down";
}

/** The triggers, conditions or actions of a rule. */
export function PartList({ list, parts, instead, onChange, announce }: Props) {
  const { t } = useI18n();
  const headingId = useId();
  const root = useRef<HTMLElement>(null);
  const { readOnly, openText } = useContext(RuleEditorContext);
  const keys = usePartKeys(parts.length);
  const [focus, setFocus] = useState<Focus>();

  useEffect(() => {
    if (focus === undefined) return;
    setFocus(undefined);
    const part = root.current?.querySelectorAll<HTMLElement>(".part")[focus.index];
    focusTarget(part, focus.on, root.current)?.focus();
  }, [focus]);

  const nameOf = (part: unknown): string => t(titleOf(list, kindOf(list, part)));

  function add(kind: PartKind): void {
    keys.insert(parts.length);
    const part = newPart(list, kind);
    onChange([...parts, part]);
    setFocus({ index: parts.length, on: "field" });
    const count = parts.length + 1;
    announce(t("editor.added", { kind: nameOf(part), number: count, count }));
  }

  function remove(index: number): void {
    keys.remove(index);
    onChange(parts.toSpliced(index, 1));
    setFocus({ index: Math.max(0, index - 1), on: "heading" });
    announce(t("editor.removed", { kind: nameOf(parts[index]) }));
  }

  function duplicate(index: number): void {
    keys.insert(index + 1);
    const copy = parts[index];
    // A trigger's name tells it from the others.
    const fresh = isPart(copy) && list === "triggers" ? (({ id: _own, ...rest }) => rest)(copy) : copy;
    onChange(parts.toSpliced(index + 1, 0, fresh));
    setFocus({ index: index + 1, on: "field" });
    announce(t("editor.copied", { kind: nameOf(copy), number: index + 2, count: parts.length + 1 }));
  }

  function move(index: number, by: -1 | 1): void {
    keys.move(index, by);
    onChange(moved(parts, index, by));
    // A moved element loses the focus; whoever moves on by the keyboard finds it at the same button.
    setFocus({ index: index + by, on: by < 0 ? "up" : "down" });
    announce(t("editor.moved", { kind: nameOf(parts[index]), number: index + by + 1, count: parts.length }));
  }

  return (
    <section className="part-list" aria-labelledby={headingId} ref={root}>
      <h2 id={headingId} tabIndex={-1} data-path={list}>
        {t(`editor.${list}`)}
      </h2>
      <p className="muted">
        {t(list === "conditions" && parts.length === 0 ? "editor.noConditions" : `editor.${list}Hint`)}
      </p>
      <ListProblem list={list} parts={parts} />
      {instead === undefined ? null : (
        <div className="part card advanced">
          <p className="muted">{t("editor.advancedHint")}</p>
          <pre>
            <code>{showPart(instead)}</code>
          </pre>
          <button type="button" className="button" onClick={() => openText(list)}>
            {t("editor.editText")}
          </button>
        </div>
      )}
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
      {readOnly || instead !== undefined ? null : (
        <div className="add-row">
          {kindsOf(list).map((kind) => (
            <button key={kind} type="button" className="button" onClick={() => add(kind)}>
              <span aria-hidden="true">+ {t(titleOf(list, kind))}</span>
              <span className="visually-hidden">{t("editor.add", { kind: t(titleOf(list, kind)) })}</span>
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

/** The wanted element of a part; its heading where there is no such, the list's heading where there is no part. */
function focusTarget(
  part: HTMLElement | undefined,
  on: Focus["on"],
  list: HTMLElement | null,
): HTMLElement | null | undefined {
  const wanted =
    on === "field"
      ? part?.querySelector<HTMLElement>("input, select, textarea, [role=switch]")
      : on === "heading"
        ? undefined
        : part?.querySelector<HTMLElement>(`[data-tool="${on}"]`);
  return wanted ?? part?.querySelector<HTMLElement>("h3") ?? list?.querySelector<HTMLElement>("h2");
}

/** What is wrong with the list itself: that it is empty, or not a list. */
function ListProblem({ list, parts }: { readonly list: ListKey; readonly parts: readonly unknown[] }) {
  const { problems } = useContext(RuleEditorContext);
  const inParts = (path: string): boolean =>
    parts.some((_part, index) => path.startsWith(`${list}[${index}]`));
  return problemsBelow(problems, list, [])
    .filter(({ path }) => !inParts(path))
    .map(({ path, problem, lang }) => (
      <p key={`${path} ${problem}`} className="field-problem" lang={lang}>
        {problem}
      </p>
    ));
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
