import { lazy, Suspense } from "react";
import { useI18n } from "../i18n/use-i18n.ts";

const Editor = lazy(async () => ({ default: (await import("./rule-editor-page.tsx")).RuleEditorPage }));
const FileEditor = lazy(async () => ({ default: (await import("./rule-file-page.tsx")).RuleFilePage }));

/** The editor is loaded when somebody edits: most visits only look. @param id absent for a new rule. */
export function LazyRuleEditor({ id }: { readonly id?: string }) {
  return (
    <Suspense fallback={<Loading />}>
      <Editor key={id ?? ""} id={id} />
    </Suspense>
  );
}

export function LazyRuleFile({ file }: { readonly file: string }) {
  return (
    <Suspense fallback={<Loading />}>
      <FileEditor key={file} file={file} />
    </Suspense>
  );
}

function Loading() {
  const { t } = useI18n();
  return (
    <p className="empty" role="status">
      {t("app.loading")}
    </p>
  );
}
