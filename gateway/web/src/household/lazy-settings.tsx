import { lazy, Suspense } from "react";
import { useI18n } from "../i18n/use-i18n.ts";

const Form = lazy(async () => ({ default: (await import("./thing-settings-form.tsx")).ThingSettingsForm }));

/** Loaded when somebody edits: most visits only look. */
export function LazyThingSettings(props: { readonly id: string; readonly onDone: () => void }) {
  const { t } = useI18n();
  return (
    <Suspense fallback={<p className="muted">{t("app.loading")}</p>}>
      <Form {...props} />
    </Suspense>
  );
}
