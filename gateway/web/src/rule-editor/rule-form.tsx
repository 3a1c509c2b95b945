import { useI18n } from "../i18n/use-i18n.ts";
import { isListable, isPart, LISTS, partsOf, type RuleDocument, withKey, withList } from "./document.ts";
import { FieldFrame } from "./field-frame.tsx";
import { FieldsContext } from "./fields-context.ts";
import { More, PartFields } from "./part-fields.tsx";
import { PartList } from "./part-list.tsx";
import { fieldsOf } from "./part-shape.ts";
import { HEAD_FIELDS } from "./part-specs.ts";
import { ChoiceField, TextField } from "./simple-fields.tsx";

const MODES = ["single", "restart", "queued", "parallel"] as const;
/** Keys that have fields before “More”. */
const SHOWN_FIRST = [...LISTS, "id", "title", "description", "mode", "enabled"];

interface Props {
  readonly document: RuleDocument;
  readonly onChange: (document: RuleDocument) => void;
  /** For a new rule: the id follows the title until somebody writes one. */
  readonly proposed: ((title: string) => string) | undefined;
}

/** A rule as a form: when, only if, then. */
export function RuleForm({ document, onChange, proposed }: Props) {
  const { t } = useI18n();
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
        <More fields={fieldsOf(document, HEAD_FIELDS, SHOWN_FIRST)} path="">
          <div className="part-fields">
            <PartFields
              specs={HEAD_FIELDS}
              part={document}
              path=""
              besides={SHOWN_FIRST}
              onChange={(changed) => onChange(withoutEmptyLimit(changed))}
            />
          </div>
        </More>
      </div>
      <FieldsContext.Provider value={PartFields}>
        {LISTS.map((list) => (
          <PartList
            key={list}
            role={list}
            path={list}
            label={t(`editor.${list}`)}
            hint={t(
              list === "conditions" && partsOf(document, list).length === 0
                ? "editor.noConditions"
                : `editor.${list}Hint`,
            )}
            parts={partsOf(document, list)}
            instead={isListable(document, list) ? undefined : document[list]}
            onChange={(parts) => onChange(withList(document, list, parts))}
          />
        ))}
      </FieldsContext.Provider>
    </div>
  );
}

/** A limit of which neither half is said any more is none. */
function withoutEmptyLimit(document: RuleDocument): RuleDocument {
  const { rate_limit: limit } = document;
  return isPart(limit) && Object.keys(limit).length === 0
    ? withKey(document, "rate_limit", undefined)
    : document;
}
