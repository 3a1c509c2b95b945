import { useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { isListable, LISTS, partsOf, type RuleDocument, withKey, withList } from "./document.ts";
import { FieldFrame } from "./field-frame.tsx";
import { PartList } from "./part-list.tsx";
import { ChoiceField, NumberField, TextField } from "./simple-fields.tsx";

const MODES = ["single", "restart", "queued", "parallel"] as const;
/** How many runs `queued` and `parallel` allow when the rule does not say. */
const USUAL_MAX = "10";

interface Props {
  readonly document: RuleDocument;
  readonly onChange: (document: RuleDocument) => void;
  /** For a new rule: the id follows the title until somebody writes one. */
  readonly proposed: ((title: string) => string) | undefined;
}

/** A rule as a form: when, only if, then. */
export function RuleForm({ document, onChange, proposed }: Props) {
  const { t } = useI18n();
  const [said, setSaid] = useState("");
  const { mode } = document;
  const setKey = (key: string, value: unknown): void => onChange(withKey(document, key, value));
  return (
    <div className="rule-form">
      <div className="card part-fields">
        <TextField
          label={t("editor.ruleTitle")}
          path="title"
          width="wide"
          value={document.title}
          onChange={(title) => {
            const named = withKey(document, "title", title);
            onChange(proposed === undefined ? named : withKey(named, "id", proposed(String(title ?? ""))));
          }}
        />
        <TextField
          label={t("editor.id")}
          path="id"
          hint={t("editor.idHint")}
          required
          value={document.id}
          onChange={(id) => setKey("id", id)}
        />
        <TextField
          label={t("editor.description")}
          path="description"
          width="wide"
          value={document.description}
          onChange={(description) => setKey("description", description)}
        />
        <ChoiceField
          label={t("editor.mode")}
          path="mode"
          usual="single"
          value={mode}
          options={MODES.map((one) => [one, t(`editor.mode.${one}`)] as const)}
          onChange={(chosen) => setKey("mode", chosen === "single" ? undefined : chosen)}
        />
        {mode === "queued" || mode === "parallel" || document.max !== undefined ? (
          <NumberField
            label={t("editor.max")}
            path="max"
            placeholder={USUAL_MAX}
            value={document.max}
            onChange={(max) => setKey("max", max)}
          />
        ) : null}
        <FieldFrame label={t("editor.isOn")} path="enabled">
          {({ "aria-invalid": _invalid, ...field }) => (
            <button
              {...field}
              type="button"
              role="switch"
              className="switch"
              aria-checked={document.enabled !== false}
              onClick={() => setKey("enabled", document.enabled === false ? undefined : false)}
            >
              <span className="switch-thumb" />
            </button>
          )}
        </FieldFrame>
      </div>
      {LISTS.map((list) => (
        <PartList
          key={list}
          list={list}
          parts={partsOf(document, list)}
          instead={isListable(document, list) ? undefined : document[list]}
          onChange={(parts) => onChange(withList(document, list, parts))}
          announce={setSaid}
        />
      ))}
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </div>
  );
}
