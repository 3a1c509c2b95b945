import { useContext, useEffect, useRef, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { FieldFrame, RuleEditorContext } from "./field-frame.tsx";
import { UNREAD } from "./rule-draft.ts";
import { writeYaml } from "./write-yaml.ts";

interface Props {
  readonly label: string;
  readonly path: string;
  readonly hint?: string | undefined;
  readonly value: unknown;
  /** What an empty text means; nothing at all, unless the place must not vanish. */
  readonly none?: null;
}

/** A place of the rule as YAML, which the gateway reads. What is typed stays as typed while it means the value. */
export function RawField({ label, path, hint, value, none }: Props) {
  const { t } = useI18n();
  const { draft } = useContext(RuleEditorContext);
  const [typed, setTyped] = useState<{ readonly text: string; readonly meaning?: string | undefined }>();
  const [unread, setUnread] = useState(false);
  const place = useRef({ path, text: "" });
  place.current.path = path;
  useEffect(() => {
    const field = place.current;
    return () => draft?.forget(field);
  }, [draft]);

  function change(text: string): void {
    const field = place.current;
    field.text = text;
    setTyped({ text });
    draft?.expect(field, async () => {
      const reading = await draft.readYaml(text);
      if (field.text !== text) return undefined;
      setUnread(!reading.ok && reading.trouble === undefined);
      if (!reading.ok) return reading.trouble ?? UNREAD;
      const meant = reading.value === undefined ? none : reading.value;
      setTyped({ text, meaning: JSON.stringify(meant) ?? "" });
      draft.changeAt(field.path, meant);
      return undefined;
    });
  }

  const current = JSON.stringify(value) ?? "";
  const own = typed !== undefined && (typed.meaning === undefined || typed.meaning === current);
  const text = own ? typed.text : writeYaml(value);
  return (
    <FieldFrame
      label={label}
      path={path}
      width="wide"
      hint={hint}
      note={unread ? t("editor.badYaml") : undefined}
    >
      {(field) => (
        <textarea
          {...field}
          aria-invalid={unread || field["aria-invalid"]}
          className="field code"
          rows={Math.min(16, text.split("\n").length + 1)}
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
          value={text}
          onChange={(event) => change(event.target.value)}
          onBlur={() => void draft?.settle()}
        />
      )}
    </FieldFrame>
  );
}
