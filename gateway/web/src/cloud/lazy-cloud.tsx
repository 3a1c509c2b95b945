import { lazy, Suspense } from "react";
import { useI18n } from "../i18n/use-i18n.ts";

const Cloud = lazy(async () => ({ default: (await import("./cloud-page.tsx")).CloudPage }));

/** Loaded when somebody looks closer at the bridges. */
export function LazyCloud() {
  const { t } = useI18n();
  return (
    <Suspense
      fallback={
        <p className="empty" role="status">
          {t("app.loading")}
        </p>
      }
    >
      <Cloud />
    </Suspense>
  );
}
