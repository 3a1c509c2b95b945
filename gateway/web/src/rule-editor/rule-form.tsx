import { useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { type ListKey, partsOf, type RuleDocument, withKey, withList } from "./document.ts";
import { FieldFrame } from "./field-frame.tsx";
import { PartList } from "./part-list.tsx";
import { ChoiceField, LimitField, TextField } from "./simple-fields.tsx";

const LISTS: readonly ListKey[] = ["triggers", "conditions", "actions"];
const MODES = ["single", "restart", "queued", "parallel"] as const;

interface Props {
  readonly document: RuleDocument;
  readonly onChange: (document: RuleDocument) => void;
  /** For a new rule: the id follows the title until somebody writes one. */
  readonly onTitle?: (title: string) => void;
}

/** A rule as a form: when, only if, then. */
export function RuleForm({ document, onChange, onTitle }: Props) {
  const { t } = useI18n();
  const [said, setSaid] = useState("");
  const mode = MODES.find((one) => one === document.mode) ?? "single";
  const setKey = (key: string, value: unknown): void => onChange(withKey(document, key, value));
  return (
    <div className="rule-form">
      <div className="card part-fields">
        <TextField
          label={t("editor.ruleTitle")}
          path="title"
          value={document.title}
          onChange={(title) => (onTitle === undefined ? setKey("title", title) : onTitle(title ?? ""))}
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
          wide
          value={document.description}
          onChange={(description) => setKey("description", description)}
        />
        <ChoiceField
          label={t("editor.mode")}
          path="mode"
          value={mode}
          options={MODES.map((one) => [one, t(`editor.mode.${one}`)] as const)}
          onChange={(chosen) => setKey("mode", chosen === "single" ? undefined : chosen)}
        />
        {mode === "queued" || mode === "parallel" || document.max !== undefined ? (
          <LimitField
            label={t("editor.max")}
            path="max"
            value={document.max}
            onChange={(max) => setKey("max", max)}
          />
        ) : null}
        <FieldFrame label={t("editor.isOn")} path="enabled">
          {({ "aria-invalid": _invalid, ...field }) => (
            <input
              {...field}
              type="checkbox"
              className="single-checkbox"
              checked={document.enabled !== false}
              onChange={(event) => setKey("enabled", event.target.checked ? undefined : false)}
            />
          )}
        </FieldFrame>
      </div>
      {LISTS.map((list) => (
        <PartList
          key={list}
          list={list}
          parts={partsOf(document, list)}
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
