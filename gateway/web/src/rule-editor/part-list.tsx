import { useContext, useId, useLayoutEffect, useRef, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { isPart, moved, type Part } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { DepthContext, headingAt, PartCard, partTitle } from "./part-card.tsx";
import { specOf } from "./part-shape.ts";
import { KINDS, type Role } from "./part-specs.ts";
import { problemsBelow } from "./problems.ts";
import { RawField } from "./raw-field.tsx";

interface Props {
  readonly role: Role;
  /** `triggers`, `actions[0].then` */
  readonly path: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly parts: readonly unknown[];
  /** What stands in the place of the list, where it is none. */
  readonly instead?: unknown;
  /** There is room for one part, which stands at the path itself. */
  readonly lone?: boolean;
  readonly onChange: (parts: readonly unknown[]) => void;
}

/** What gets the focus once it is there. */
interface Focus {
  readonly index: number;
  readonly on: "field" | "heading" | "up" | "down";
}

/** Triggers, conditions or actions: those of a rule, or those inside of a part. */
export function PartList({ role, path, label, hint, parts, instead, lone, onChange }: Props) {
  const { t } = useI18n();
  const headingId = useId();
  const root = useRef<HTMLElement>(null);
  const depth = useContext(DepthContext);
  const { announce, readOnly } = useContext(RuleEditorContext);
  const keys = usePartKeys(parts.length);
  const [focus, setFocus] = useState<Focus>();
  // The one that was just made.
  const [fresh, setFresh] = useState<number>();

  // With what is drawn: whoever types on must find the focus there, also where the page is slow.
  useLayoutEffect(() => {
    if (focus === undefined) return;
    setFocus(undefined);
    const part = root.current?.querySelectorAll<HTMLElement>(":scope > ol > .part")[focus.index];
    focusTarget(part, focus.on, root.current)?.focus();
  }, [focus]);

  const nameOf = (part: unknown): string => partTitle(role, part, t);

  function add(part: Part): void {
    setFresh(keys.insert(parts.length));
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
    setFresh(keys.insert(index + 1));
    const copy = parts[index];
    // A trigger's name tells it from the others.
    const renamed = isPart(copy) && role === "triggers" ? (({ id: _own, ...rest }) => rest)(copy) : copy;
    onChange(parts.toSpliced(index + 1, 0, renamed));
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

  const Heading = headingAt(2 + depth * 2);
  const pathOf = (index: number): string => (lone === true ? path : `${path}[${index}]`);
  return (
    <section
      className="part-list"
      data-depth={depth}
      role={depth > 0 ? "group" : undefined}
      aria-labelledby={headingId}
      ref={root}
    >
      <Heading
        id={headingId}
        className="list-title"
        tabIndex={-1}
        data-list={path}
        data-path={lone === true ? undefined : path}
      >
        {label}
      </Heading>
      {hint === undefined ? null : <p className="muted">{hint}</p>}
      {lone === true ? null : <ListProblem path={path} parts={parts} />}
      {instead === undefined ? null : (
        <div className="part card">
          <RawField label={t("editor.advanced")} path={path} value={instead} />
        </div>
      )}
      <ol className="parts">
        {parts.map((part, index) => (
          <PartCard
            key={keys.at(index)}
            role={role}
            part={part}
            path={pathOf(index)}
            index={index}
            count={parts.length}
            fresh={keys.at(index) === fresh}
            onChange={(changed) => onChange(parts.with(index, changed))}
            onRemove={() => remove(index)}
            onDuplicate={lone === true ? undefined : () => duplicate(index)}
            onMove={(by) => move(index, by)}
          />
        ))}
      </ol>
      {readOnly || instead !== undefined || (lone === true && parts.length > 0) ? null : (
        <AddRow role={role} label={label} nested={depth > 0} onAdd={add} />
      )}
    </section>
  );
}

/** Buttons for what can be added: the usual kinds at once, the others below “More”; inside of a part all of them wait. */
function AddRow({
  role,
  label,
  nested,
  onAdd,
}: {
  readonly role: Role;
  readonly label: string;
  readonly nested: boolean;
  readonly onAdd: (part: Part) => void;
}) {
  const { t } = useI18n();
  const row = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const all = Object.keys(KINDS[role]);
  const usual = all.filter((kind) => specOf(role, kind).common === true);
  const shown = open ? all : nested ? [] : usual;
  useLayoutEffect(() => {
    // Who opened it goes on with what came.
    if (open) row.current?.querySelectorAll<HTMLElement>("button")[nested ? 0 : usual.length]?.focus();
  }, [open, nested, usual.length]);
  return (
    <div className="add-row" ref={row}>
      {shown.map((kind) => {
        const { fresh, title } = specOf(role, kind);
        const name = t(title);
        return (
          <button
            key={kind}
            type="button"
            className="button"
            onClick={() => {
              setOpen(false);
              onAdd(fresh);
            }}
          >
            <span aria-hidden="true">+ {name}</span>
            <span className="visually-hidden">{t("editor.add", { kind: name })}</span>
          </button>
        );
      })}
      {open ? null : (
        <button type="button" className="button quiet" aria-expanded={false} onClick={() => setOpen(true)}>
          <span aria-hidden="true">{nested ? `+ ${label}` : t("editor.more")}</span>
          <span className="visually-hidden">
            {t(nested ? "editor.addTo" : "editor.moreKinds", { list: label })}
          </span>
        </button>
      )}
    </div>
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
      ? // Of a part that holds lists its fields come first; one without has a button that adds to its list.
        part?.querySelector<HTMLElement>("input, select, textarea, [role=switch], .add-row button")
      : on === "heading"
        ? undefined
        : part?.querySelector<HTMLElement>(`[data-tool="${on}"]`);
  return (
    wanted ??
    part?.querySelector<HTMLElement>(".part-title") ??
    list?.querySelector<HTMLElement>(".list-title")
  );
}

/** What is wrong with the list itself: that it is empty, or not a list. */
function ListProblem({ path: list, parts }: { readonly path: string; readonly parts: readonly unknown[] }) {
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
    insert: (index: number): number => {
      keys.current.splice(index, 0, ++lastKey);
      return lastKey;
    },
    remove: (index: number) => void keys.current.splice(index, 1),
    move: (index: number, by: -1 | 1) => {
      keys.current = [...moved(keys.current, index, by)];
    },
  };
}
