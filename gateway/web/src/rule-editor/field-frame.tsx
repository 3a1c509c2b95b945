import type { PropertyAffordance } from "@tram/protocol";
import { createContext, type ReactNode, useContext, useId } from "react";
import { problemsAt, type Told } from "./problems.ts";
import type { RuleDraft } from "./rule-draft.ts";

/** What the fields of a rule share. */
export interface EditorContext {
  readonly problems: readonly Told[];
  readonly warnings: readonly Told[];
  readonly readOnly: boolean;
  /** What is known of the property that a rule names; undefined while nobody has announced it. */
  readonly affordanceOf: (reference: unknown) => PropertyAffordance | undefined;
  /** The rule itself; undefined outside of an editor. */
  readonly draft: RuleDraft | undefined;
  /** Tells people who do not see it what happened. */
  readonly announce: (text: string) => void;
}

export const RuleEditorContext = createContext<EditorContext>({
  problems: [],
  warnings: [],
  readOnly: false,
  affordanceOf: () => undefined,
  draft: undefined,
  announce: () => undefined,
});

interface FieldAttributes {
  readonly id: string;
  readonly disabled: boolean;
  readonly "data-path": string;
  readonly "aria-invalid": boolean;
  readonly "aria-describedby": string | undefined;
}

/** `half` stands beside its neighbour on a phone too, `wide` fills the line everywhere. */
export type FieldWidth = "half" | "wide";

interface Props {
  readonly label: string;
  /** Place of the value in the rule: problems are told by it. */
  readonly path: string;
  readonly hint?: string | undefined;
  /** Something to know of this value that the gateway does not say. */
  readonly note?: string | undefined;
  readonly width?: FieldWidth | undefined;
  readonly children: (field: FieldAttributes) => ReactNode;
}

/** A label, a field, and what the gateway says of its value. */
export function FieldFrame({ label, path, hint, note, width, children }: Props) {
  const id = useId();
  const { readOnly } = useContext(RuleEditorContext);
  const { lines, wrong } = useFieldLines(path, { hint, note });
  return (
    <div className="rule-field" data-width={width}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        disabled: readOnly,
        "data-path": path,
        "aria-invalid": wrong,
        "aria-describedby": describedBy(id, lines),
      })}
      <FieldLines id={id} lines={lines} />
    </div>
  );
}

interface Line {
  readonly className: "hint" | "field-note" | "field-warning" | "field-problem";
  readonly text: string;
  readonly lang?: "en" | undefined;
}

/** What stands below a field: a hint, what is to know, and what the gateway found. */
export function useFieldLines(
  path: string,
  { hint, note }: { readonly hint?: string | undefined; readonly note?: string | undefined },
): { readonly lines: readonly Line[]; readonly wrong: boolean } {
  const { problems, warnings } = useContext(RuleEditorContext);
  const wrong = problemsAt(problems, path);
  // The form says in its own words what the gateway warns of.
  const doubtful = note === undefined ? problemsAt(warnings, path) : [];
  const lines: Line[] = [
    ...(hint === undefined ? [] : [{ className: "hint" as const, text: hint }]),
    ...(note === undefined ? [] : [{ className: "field-note" as const, text: note }]),
    ...doubtful.map(({ problem, lang }) => ({ className: "field-warning" as const, text: problem, lang })),
    ...wrong.map(({ problem, lang }) => ({ className: "field-problem" as const, text: problem, lang })),
  ];
  return { lines, wrong: wrong.length > 0 };
}

export function describedBy(id: string, lines: readonly Line[]): string | undefined {
  return lines.length === 0 ? undefined : `${id}-lines`;
}

export function FieldLines({ id, lines }: { readonly id: string; readonly lines: readonly Line[] }) {
  if (lines.length === 0) return null;
  return (
    <div id={`${id}-lines`} className="field-lines">
      {lines.map(({ className, text, lang }) => (
        <p key={`${className} ${text}`} className={className} lang={lang}>
          {text}
        </p>
      ))}
    </div>
  );
}
