import { lazy, Suspense } from "react";
import { useI18n } from "../i18n/use-i18n.ts";

const Topics = lazy(async () => ({ default: (await import("./topics-page.tsx")).TopicsPage }));

/** Loaded when somebody maps topics, which few do and seldom. */
export function LazyTopics() {
  const { t } = useI18n();
  return (
    <Suspense
      fallback={
        <p className="empty" role="status">
          {t("app.loading")}
        </p>
      }
    >
      <Topics />
    </Suspense>
  );
}
