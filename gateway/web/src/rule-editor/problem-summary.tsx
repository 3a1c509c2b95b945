import { useI18n } from "../i18n/use-i18n.ts";
import { placeText, type Told } from "./problems.ts";

interface Props {
  readonly problems: readonly Told[];
  readonly warnings: readonly Told[];
  /** What is wrong. */
  readonly of?: "rule" | "file";
  /** Leads to the place of one. */
  readonly onPick: (told: Told) => void;
}

/** All that the gateway has to say of the rule; each line leads to its place. */
export function ProblemSummary({ problems, warnings, of = "rule", onPick }: Props) {
  const { t } = useI18n();
  return (
    <div role="status" className="summaries">
      {problems.length === 0 ? null : (
        <Lines
          title={t(of === "rule" ? "editor.problems" : "editor.fileProblems", { count: problems.length })}
          tone="bad"
          list={problems}
          onPick={onPick}
        />
      )}
      {warnings.length === 0 ? null : (
        <Lines
          title={t("editor.warnings", { count: warnings.length })}
          tone="warn"
          list={warnings}
          onPick={onPick}
        />
      )}
    </div>
  );
}

function Lines({
  title,
  tone,
  list,
  onPick,
}: {
  readonly title: string;
  readonly tone: "bad" | "warn";
  readonly list: readonly Told[];
  readonly onPick: (told: Told) => void;
}) {
  const { t } = useI18n();
  return (
    <div className="summary" data-tone={tone}>
      <p>{title}</p>
      <ul>
        {list.map((told) => {
          const { lang, line, path, problem } = told;
          const place = [
            ...(line === undefined ? [] : [t("editor.line", { line })]),
            ...(path === "" ? [] : [placeText(path, t)]),
          ].join(", ");
          return (
            <li key={`${path} ${problem}`}>
              <button type="button" className="button quiet" onClick={() => onPick(told)}>
                {place === "" ? null : `${place}: `}
                <span lang={lang}>{problem}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
