import { useContext, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import type { Part } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { FieldView } from "./field-view.tsx";
import { fieldsOf, type ShownField } from "./part-shape.ts";
import type { FieldSpec } from "./part-specs.ts";
import { isBelow } from "./problems.ts";

interface Props {
  readonly specs: readonly FieldSpec[];
  readonly part: Part;
  /** `triggers[0]`; empty for the rule. */
  readonly path: string;
  /** Keys that are shown elsewhere. */
  readonly besides?: readonly string[];
  readonly onChange: (part: Part) => void;
}

/** The fields of a part: the usual ones, and the others below “More”, which is open where something stands there. */
export function PartFields({ specs, part, path, besides, onChange }: Props) {
  const fields = fieldsOf(part, specs, besides);
  const view = (field: ShownField) => (
    <FieldView key={field.at} field={field} specs={specs} part={part} path={path} onChange={onChange} />
  );
  const more = fields.filter((field) => field.more === true);
  return (
    <>
      {fields.filter((field) => field.more !== true).map(view)}
      {more.length === 0 ? null : (
        <More fields={more} path={path}>
          <div className="part-fields">{more.map(view)}</div>
        </More>
      )}
    </>
  );
}

/** What is rarely wanted; shown from the start where it says something, or where something in it is wrong. */
export function More({
  fields,
  path,
  children,
}: {
  readonly fields: readonly ShownField[];
  readonly path: string;
  readonly children: React.ReactNode;
}) {
  const { t } = useI18n();
  const { problems } = useContext(RuleEditorContext);
  const [open, setOpen] = useState(() => fields.some(({ value }) => value !== undefined));
  const wrong = problems.some((problem) =>
    fields.some(({ at }) => isBelow(problem.path, path === "" ? at : `${path}.${at}`)),
  );
  return (
    <details
      className="more"
      open={open || wrong}
      onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary>{t("editor.more")}</summary>
      {children}
    </details>
  );
}
