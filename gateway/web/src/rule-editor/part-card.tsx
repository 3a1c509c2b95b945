import { createContext, useContext, useEffect, useId, useRef, useState } from "react";
import type { Translate } from "../i18n/translator.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { isPart } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { FieldsContext } from "./fields-context.ts";
import { kindOf, specOf } from "./part-shape.ts";
import type { Role } from "./part-specs.ts";
import { isBelow, problemsBelow } from "./problems.ts";
import { RawField } from "./raw-field.tsx";
import { summaryOf } from "./summary.ts";
import { ToolButton } from "./tool-button.tsx";

/** How deep a list stands in others: 0 for those of the rule. */
export const DepthContext = createContext(0);

/** What a part is called. */
export function partTitle(role: Role, part: unknown, t: Translate): string {
  const kind = kindOf(role, part);
  return t(kind === undefined ? "editor.advanced" : specOf(role, kind).title);
}

/** A heading for a depth; there are no more than six kinds. */
export function headingAt(level: number): "h2" | "h3" | "h4" | "h5" | "h6" {
  return (["h2", "h3", "h4", "h5"] as const)[level - 2] ?? "h6";
}

interface Props {
  readonly role: Role;
  readonly part: unknown;
  /** `triggers[0]` */
  readonly path: string;
  readonly index: number;
  readonly count: number;
  /** It was just made, so its fields are shown. */
  readonly fresh: boolean;
  readonly onChange: (part: unknown) => void;
  readonly onRemove: () => void;
  readonly onDuplicate: (() => void) | undefined;
  readonly onMove: (by: -1 | 1) => void;
}

/** One trigger, condition or action, with what can be done with it. */
export function PartCard(props: Props) {
  const { role, part, path, index, count, fresh, onChange, onRemove, onDuplicate, onMove } = props;
  const i18n = useI18n();
  const { t } = i18n;
  const depth = useContext(DepthContext);
  const Fields = useContext(FieldsContext);
  const { problems, readOnly } = useContext(RuleEditorContext);
  const things = useAppSelector((state) => state.things.descriptions);
  const headingId = useId();
  const card = useRef<HTMLLIElement>(null);
  const [wanted, setWanted] = useState(depth === 0 || fresh);
  // What was opened once stays there: what is typed in it must not go.
  const [opened, setOpened] = useState(false);
  const wrong = problems.some((problem) => problem.path !== path && isBelow(problem.path, path));
  const open = wanted || wrong;
  useEffect(() => {
    if (open) setOpened(true);
  }, [open]);
  const kind = kindOf(role, part);
  const title = partTitle(role, part, t);
  const Heading = headingAt(3 + depth * 2);
  return (
    <li className="part card" ref={card} aria-labelledby={headingId}>
      <div className="part-header">
        <Heading id={headingId} className="part-title" data-part={path} data-path={path} tabIndex={-1}>
          <span aria-hidden="true">{title}</span>
          <span className="visually-hidden">
            {t("editor.part", { kind: title, number: index + 1, count })}
          </span>
        </Heading>
        <div className="part-tools">
          <ToolButton
            icon={open ? "close" : "open"}
            label={`${t(open ? "editor.close" : "editor.open")}: ${title} ${index + 1}`}
            expanded={open}
            off={wrong}
            onPress={() => setWanted(!open)}
          />
          {readOnly ? null : (
            <>
              {count === 1 ? null : (
                <>
                  <ToolButton
                    icon="up"
                    label={t("editor.moveUp")}
                    off={index === 0}
                    onPress={() => onMove(-1)}
                  />
                  <ToolButton
                    icon="down"
                    label={t("editor.moveDown")}
                    off={index === count - 1}
                    onPress={() => onMove(1)}
                  />
                </>
              )}
              {onDuplicate === undefined ? null : (
                <ToolButton icon="copy" label={t("editor.duplicate")} onPress={onDuplicate} />
              )}
              <ToolButton icon="remove" label={t("editor.remove")} onPress={onRemove} />
            </>
          )}
        </div>
      </div>
      {open ? null : <p className="part-summary">{summaryOf(role, part, { things, i18n })}</p>}
      {open || opened ? (
        <div className="part-fields" hidden={!open}>
          <DepthContext.Provider value={depth + 1}>
            {kind === undefined || !isPart(part) ? (
              <RawField label={t("editor.advanced")} path={path} value={part} none={null} />
            ) : (
              <Fields specs={specOf(role, kind).fields} part={part} path={path} onChange={onChange} />
            )}
          </DepthContext.Provider>
        </div>
      ) : null}
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
    const fields = card.current?.querySelectorAll<HTMLElement>("[data-path]") ?? [];
    // Not its own heading; the parts inside of it tell of themselves.
    const paths = [...fields].flatMap(({ dataset }) =>
      dataset.part === path || dataset.path === undefined ? [] : [dataset.path],
    );
    const inner = [...fields].flatMap(({ dataset }) => (dataset.part === path ? [] : (dataset.part ?? [])));
    const told = [...problems, ...warnings].flatMap((one) =>
      inner.some((place) => isBelow(one.path, place)) ? [one.path] : [],
    );
    const all = [...paths, ...told];
    setShown((before) => (before.join("\n") === all.join("\n") ? before : all));
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
