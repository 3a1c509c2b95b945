import type { RuleProblemView } from "@tram/protocol";
import { createContext, type ReactNode, useContext, useId } from "react";
import { problemsAt, said } from "./problems.ts";

/** What the fields of a rule share. */
export interface EditorContext {
  readonly problems: readonly RuleProblemView[];
  readonly warnings: readonly RuleProblemView[];
  readonly readOnly: boolean;
}

export const RuleEditorContext = createContext<EditorContext>({
  problems: [],
  warnings: [],
  readOnly: false,
});

interface FieldAttributes {
  readonly id: string;
  readonly disabled: boolean;
  readonly "data-path": string;
  readonly "aria-invalid": boolean;
  readonly "aria-describedby": string | undefined;
}

interface Props {
  readonly label: string;
  /** Place of the value in the rule: problems are told by it. */
  readonly path: string;
  readonly hint?: string | undefined;
  /** Something to know that is not a problem of this value. */
  readonly note?: string | undefined;
  readonly wide?: boolean;
  readonly children: (field: FieldAttributes) => ReactNode;
}

/** A label, a field, and what the gateway says of its value. */
export function FieldFrame({ label, path, hint, note, wide, children }: Props) {
  const id = useId();
  const { problems, warnings, readOnly } = useContext(RuleEditorContext);
  const problem = said(problemsAt(problems, path));
  const warning = said(problemsAt(warnings, path));
  const below = [
    hint === undefined ? undefined : { key: "hint", text: hint, className: "hint", lang: undefined },
    note === undefined ? undefined : { key: "note", text: note, className: "hint", lang: undefined },
    warning === undefined
      ? undefined
      : { key: "warning", text: warning, className: "field-warning", lang: "en" },
    problem === undefined
      ? undefined
      : { key: "problem", text: problem, className: "field-problem", lang: "en" },
  ].filter((line) => line !== undefined);
  return (
    <div className="rule-field" data-wide={wide === true}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        disabled: readOnly,
        "data-path": path,
        "aria-invalid": problem !== undefined,
        "aria-describedby": below.map(({ key }) => `${id}-${key}`).join(" ") || undefined,
      })}
      {below.map(({ key, text, className, lang }) => (
        <p key={key} id={`${id}-${key}`} className={className} lang={lang}>
          {text}
        </p>
      ))}
    </div>
  );
}
