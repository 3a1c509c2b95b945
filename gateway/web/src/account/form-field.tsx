import { type InputHTMLAttributes, useId } from "react";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly hint?: string;
  /** What is wrong with the entry; ties the text to the field for screen readers. */
  readonly problem?: string | undefined;
}

/** A labelled input with a hint and a problem. */
export function FormField({ label, hint, problem, ...input }: Props) {
  const id = useId();
  const hintId = useId();
  const problemId = useId();
  const described = [problem === undefined ? undefined : problemId, hint === undefined ? undefined : hintId];
  return (
    <div className="form-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="field"
        required
        aria-invalid={problem !== undefined}
        aria-describedby={described.filter(Boolean).join(" ") || undefined}
        {...input}
      />
      {hint === undefined ? null : (
        <p className="hint" id={hintId}>
          {hint}
        </p>
      )}
      {problem === undefined ? null : (
        <p className="field-problem" id={problemId}>
          {problem}
        </p>
      )}
    </div>
  );
}
