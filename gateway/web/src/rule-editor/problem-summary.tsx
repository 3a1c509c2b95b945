import type { RuleProblemView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { anchorOf } from "./problems.ts";

interface Props {
  readonly problems: readonly RuleProblemView[];
  readonly warnings: readonly RuleProblemView[];
}

/** All that the gateway has to say of the rule; each line leads to its field. */
export function ProblemSummary({ problems, warnings }: Props) {
  const { t } = useI18n();
  return (
    <div role="status">
      {problems.length === 0 ? null : (
        <Lines title={t("editor.problems", { count: problems.length })} tone="bad" list={problems} />
      )}
      {warnings.length === 0 ? null : (
        <Lines title={t("editor.warnings", { count: warnings.length })} tone="warn" list={warnings} />
      )}
    </div>
  );
}

function Lines({
  title,
  tone,
  list,
}: {
  readonly title: string;
  readonly tone: "bad" | "warn";
  readonly list: readonly RuleProblemView[];
}) {
  return (
    <div className="summary" data-tone={tone}>
      <p>{title}</p>
      <ul>
        {list.map(({ path, problem }) => (
          <li key={`${path} ${problem}`}>
            <button type="button" className="button quiet" lang="en" onClick={() => focusPath(path)}>
              {path === "" ? problem : `${path}: ${problem}`}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function focusPath(path: string): void {
  const find = (one: string) => document.querySelector<HTMLElement>(`[data-path="${CSS.escape(one)}"]`);
  const anchor = anchorOf(path, (one) => find(one) !== null);
  if (anchor !== undefined) find(anchor)?.focus();
}
