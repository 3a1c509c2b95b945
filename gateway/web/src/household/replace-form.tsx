import { useId, useState } from "react";
import type { ApiClient, ApiResult } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { localTitle } from "../i18n/titles.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { findThings } from "../things/thing-index.ts";

interface Props {
  readonly id: string;
  readonly name: string;
  readonly onDone: () => void;
}

/** A device that takes the place of a broken one, and a Thing that nobody needs any more. */
export function ReplaceForm({ id, name, onDone }: Props) {
  const { t, language } = useI18n();
  const ask = useApi();
  const field = useId();
  const descriptions = useAppSelector((state) => state.things.descriptions);
  const [broken, setBroken] = useState("");
  const [problem, setProblem] = useState<string>();

  const run = async (call: (api: ApiClient) => Promise<ApiResult<void>>): Promise<void> => {
    const result = await ask(call);
    if (result.ok) onDone();
    else setProblem(problemText(result.problem, t));
  };

  return (
    <details className="thing-replace">
      <summary>{t("household.replace")}</summary>
      <p className="muted">{t("household.replaceHint")}</p>
      <label htmlFor={field}>{t("household.replaceWhich")}</label>
      <select id={field} className="field" value={broken} onChange={(event) => setBroken(event.target.value)}>
        <option value="">{t("household.replaceChoose")}</option>
        {findThings(descriptions, language, "")
          .filter((other) => other !== id)
          .map((other) => {
            const thing = descriptions[other];
            return thing === undefined ? null : (
              <option key={other} value={other}>
                {localTitle(thing, language, other)}
              </option>
            );
          })}
      </select>
      {problem === undefined ? null : (
        <p className="card-problem" role="alert">
          {problem}
        </p>
      )}
      <div className="form-buttons">
        <button
          type="button"
          className="button"
          disabled={broken === ""}
          onClick={() => void run((api) => api.replaceThing(broken, id))}
        >
          {t("household.replaceDo")}
        </button>
        <button
          type="button"
          className="button quiet"
          onClick={() => {
            if (window.confirm(t("household.forgetSure", { thing: name })))
              void run((api) => api.forgetThing(id));
          }}
        >
          {t("household.forget")}
        </button>
      </div>
    </details>
  );
}
