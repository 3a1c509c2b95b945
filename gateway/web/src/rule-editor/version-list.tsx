import type { RuleFileView, RuleSourceView, RuleVersionView } from "@tram/protocol";
import { useCallback, useEffect, useId, useRef, useState } from "react";
import { mayAdminister } from "../account/session-slice.ts";
import type { PastSubject } from "../api/client.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import type { Translate } from "../i18n/translator.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { InstantText } from "../live/instant-text.tsx";
import { Chip } from "../shell/chip.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { diffLines } from "./diff-lines.ts";

interface Props {
  readonly subject: PastSubject;
  /** Another one means that there may be a new version. */
  readonly seen: unknown;
  /** Changes that are not saved would be lost. */
  readonly unsaved: boolean;
  readonly onRolledBack: (kept: RuleSourceView | RuleFileView) => void;
}

/** Who changed it, when and how, and the way back. */
export function VersionList({ subject, seen, unsaved, onRolledBack }: Props) {
  const { t } = useI18n();
  const ask = useApi();
  const headingId = useId();
  const [versions, setVersions] = useState<readonly RuleVersionView[]>();
  const [failure, setFailure] = useState<string>();
  const [done, setDone] = useState<string>();
  const [busy, setBusy] = useState(false);
  const request = useRef(0);
  const may = useAppSelector((state) => mayAdminister(state.session));
  const rule = "rule" in subject ? subject.rule : undefined;
  const name = "rule" in subject ? subject.rule : subject.file;

  const load = useCallback(async () => {
    const mine = ++request.current;
    const result = await ask((api) => api.versions(rule === undefined ? { file: name } : { rule: name }));
    if (mine !== request.current) return;
    if (result.ok) setVersions(result.value);
    setFailure(result.ok ? undefined : problemText(result.problem, t));
  }, [ask, rule, name, t]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was seen is not used, it tells when to look.
  useEffect(() => {
    void load();
    return () => {
      request.current += 1;
    };
  }, [load, seen]);

  async function rollBack(version: number): Promise<void> {
    const sure = t(unsaved ? "editor.rollBackUnsaved" : "editor.rollBackSure", { version });
    if (busy || !confirm(sure)) return;
    setBusy(true);
    const result = await ask((api) => api.rollBack(subject, version));
    setBusy(false);
    setFailure(
      result.ok ? undefined : t("editor.notRolledBack", { problem: problemText(result.problem, t) }),
    );
    setDone(result.ok ? t("editor.rolledBack", { version }) : undefined);
    if (!result.ok) return;
    onRolledBack(result.value);
    await load();
  }

  return (
    <section className="card editor-traces" aria-labelledby={headingId}>
      <h2 id={headingId}>{t("editor.versions")}</h2>
      <div role="alert">{failure === undefined ? null : <p className="card-problem">{failure}</p>}</div>
      <p role="status">{done}</p>
      {versions === undefined ? (
        failure === undefined ? (
          <p className="muted">{t("app.loading")}</p>
        ) : null
      ) : versions.length === 0 ? (
        <p className="muted">{t("editor.noVersions")}</p>
      ) : (
        <ol className="versions" reversed>
          {versions.map((version, index) => (
            <VersionItem
              key={version.version}
              version={version}
              rule={rule}
              newest={index === 0 && (rule !== undefined || version.current === true)}
              onRollBack={may && isThere(version, rule) ? () => void rollBack(version.version) : undefined}
            />
          ))}
        </ol>
      )}
    </section>
  );
}

interface ItemProps {
  readonly version: RuleVersionView;
  readonly rule: string | undefined;
  readonly newest: boolean;
  readonly onRollBack: (() => void) | undefined;
}

function VersionItem({ version, rule, newest, onRollBack }: ItemProps) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  const diffId = useId();
  const { by, clock, time, version: number } = version;
  return (
    <li className="version">
      <p className="version-line">
        <strong>{number}</strong>
        <InstantText iso={time} />
        {clock === "untrusted" ? <span className="muted">{t("editor.clockNotSet")}</span> : null}
        <span>{by === "file" ? t("editor.byFile") : by}</span>
        {newest ? <Chip tone="info">{t("editor.current")}</Chip> : null}
      </p>
      <p className="muted">{whatIn(version, rule, t)}</p>
      <div className="add-row">
        {version.noText === true ? (
          <span className="muted">{t("editor.textNotKept")}</span>
        ) : (
          <button
            type="button"
            className="button quiet disclosure"
            aria-expanded={open}
            aria-controls={open ? diffId : undefined}
            aria-label={t("editor.changesOf", { version: number })}
            onClick={() => setOpen(!open)}
          >
            {t("editor.changes")}
          </button>
        )}
        {newest || onRollBack === undefined ? null : (
          <button
            type="button"
            className="button quiet"
            aria-label={t("editor.rollBackTo", { version: number })}
            onClick={onRollBack}
          >
            {t("editor.rollBack")}
          </button>
        )}
      </div>
      {open ? <Diff id={diffId} version={number} rule={rule} /> : null}
    </li>
  );
}

function Diff({
  id,
  rule,
  version,
}: {
  readonly id: string;
  readonly rule: string | undefined;
  readonly version: number;
}) {
  const { t } = useI18n();
  const ask = useApi();
  const [diff, setDiff] = useState<string>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    let gone = false;
    void ask((api) => api.versionDiff(version, rule)).then((result) => {
      if (gone) return;
      if (result.ok) setDiff(result.value);
      else setFailure(problemText(result.problem, t));
    });
    return () => {
      gone = true;
    };
  }, [ask, rule, t, version]);
  const lines = diffLines(diff ?? "");
  return (
    <div id={id}>
      {failure !== undefined ? (
        <p className="card-problem">{failure}</p>
      ) : diff === undefined ? (
        <p className="muted">{t("app.loading")}</p>
      ) : lines.length === 0 ? (
        <p className="muted">{t("editor.noDifference")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is reached by the keyboard.
        <section className="diff" tabIndex={0} aria-label={t("editor.changesOf", { version })}>
          <pre>
            {lines.map(({ kind, text }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a diff do not move.
              <Line key={index} kind={kind} text={text} />
            ))}
          </pre>
        </section>
      )}
    </div>
  );
}

function Line({ kind, text }: ReturnType<typeof diffLines>[number]) {
  const content = `${kind === "place" ? "" : kind === "added" ? "+" : kind === "removed" ? "-" : " "}${text}\n`;
  if (kind === "added") return <ins>{content}</ins>;
  if (kind === "removed") return <del>{content}</del>;
  return <span data-kind={kind}>{content}</span>;
}

/** Whether there is something in it to go back to. */
function isThere({ broken, changes, gone, noText }: RuleVersionView, rule: string | undefined): boolean {
  if (gone === true || noText === true || broken !== undefined) return false;
  return rule === undefined || changes.removed?.includes(rule) !== true;
}

/** What a version did, in words: with one rule, or with the rules of the file. */
function whatIn(
  { broken, changes, gone, note, unsound = [] }: RuleVersionView,
  rule: string | undefined,
  t: Translate,
): string {
  const back = /^rolled back to (\d+)$/.exec(note ?? "")?.[1];
  const kinds = ["added", "changed", "enabled", "disabled", "reworded", "removed"] as const;
  const done = kinds.flatMap((kind) => {
    const ids = changes[kind] ?? [];
    if (rule !== undefined) return ids.includes(rule) ? [t(`editor.change.${kind}`)] : [];
    return ids.length === 0 ? [] : [`${t(`editor.change.${kind}`)}: ${ids.join(", ")}`];
  });
  const sick = rule === undefined ? unsound : unsound.filter((id) => id === rule);
  const words = [
    ...(back === undefined ? [] : [t("editor.backTo", { version: Number(back) })]),
    ...(gone === true ? [t("editor.fileGone")] : []),
    ...(broken === undefined ? [] : [t("editor.unreadable", { problem: broken })]),
    ...done,
    ...(sick.length === 0
      ? []
      : [rule === undefined ? `${t("editor.unsound")}: ${sick.join(", ")}` : t("editor.unsound")]),
  ];
  return words.length === 0 ? t("editor.change.nothing") : words.join(" · ");
}
