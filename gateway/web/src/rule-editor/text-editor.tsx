import { type RefObject, useId, useRef } from "react";
import { useI18n } from "../i18n/use-i18n.ts";

interface Props {
  readonly label: string;
  readonly text: string;
  /** Lines with problems, from 1. */
  readonly wrong: readonly number[];
  /** Id of the element that tells the problems. */
  readonly problemsId: string;
  readonly readOnly: boolean;
  readonly area: RefObject<HTMLTextAreaElement | null>;
  readonly onChange: (text: string) => void;
}

/** A text with numbered lines, those with problems marked. The Tab key leads on, as everywhere on the page. */
export function TextEditor({ label, text, wrong, problemsId, readOnly, area, onChange }: Props) {
  const { t } = useI18n();
  const id = useId();
  const gutter = useRef<HTMLPreElement>(null);
  const lines = text.split("\n").length;
  return (
    <div className="text-editor">
      <label htmlFor={id}>{label}</label>
      <div className="text-frame">
        <pre className="gutter" ref={gutter} aria-hidden="true">
          {Array.from({ length: lines }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the number of a line is its identity.
            <span key={index} data-wrong={wrong.includes(index + 1)}>
              {index + 1}
            </span>
          ))}
        </pre>
        <textarea
          id={id}
          ref={area}
          className="text-area"
          rows={Math.min(32, Math.max(12, lines + 1))}
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
          wrap="off"
          readOnly={readOnly}
          aria-describedby={`${id}-hint ${problemsId}`}
          aria-invalid={wrong.length > 0}
          value={text}
          onScroll={(event) => {
            if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
      <p className="hint" id={`${id}-hint`}>
        {t("editor.textHint")}
      </p>
    </div>
  );
}

/** Puts the focus on a line, from 1, selects it, and brings it into view. */
export function goToLine(area: HTMLTextAreaElement, line: number): void {
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  const height = Number.parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (line - 3) * height);
  area.scrollLeft = 0;
}
