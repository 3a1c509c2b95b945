import { useContext, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { FieldView } from "./field-view.tsx";
import type { PartFieldsProps } from "./fields-context.ts";
import { fieldsOf, type ShownField } from "./part-shape.ts";
import { isBelow } from "./problems.ts";

/** The fields of a part: the usual ones, and the others below “More”, which is open where something stands there. */
export function PartFields({ specs, part, path, besides, onChange }: PartFieldsProps) {
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
