import type { RuleProblemView } from "@tram/protocol";
import { useId, useRef } from "react";
import { useI18n } from "../i18n/use-i18n.ts";

interface Props {
  readonly label: string;
  readonly hint: string;
  readonly text: string;
  readonly problems: readonly RuleProblemView[];
  readonly readOnly: boolean;
  readonly onChange: (text: string) => void;
}

/** A text with numbered lines, those with problems marked. The Tab key leads on, as everywhere on the page. */
export function TextEditor({ label, hint, text, problems, readOnly, onChange }: Props) {
  const { t } = useI18n();
  const id = useId();
  const gutter = useRef<HTMLPreElement>(null);
  const lines = text.split("\n").length;
  const wrong = new Set(problems.map(({ line }) => line));
  return (
    <div className="text-editor">
      <label htmlFor={id}>{label}</label>
      <div className="text-frame">
        <pre className="gutter" ref={gutter} aria-hidden="true">
          {Array.from({ length: lines }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the number of a line is its identity.
            <span key={index} data-wrong={wrong.has(index + 1)}>
              {index + 1}
            </span>
          ))}
        </pre>
        <textarea
          id={id}
          className="text-area"
          rows={Math.min(40, Math.max(12, lines + 1))}
          spellCheck={false}
          autoCapitalize="none"
          wrap="off"
          readOnly={readOnly}
          aria-describedby={`${id}-hint ${id}-problems`}
          aria-invalid={problems.length > 0}
          value={text}
          onScroll={(event) => {
            if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
      <ul className="text-problems" id={`${id}-problems`}>
        {problems.map(({ path, problem, line }) => (
          <li key={`${path} ${problem}`} className="field-problem">
            {line === undefined ? "" : `${t("editor.line", { line })}: `}
            <span lang="en">
              {path === "" ? "" : `${path}: `}
              {problem}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
