import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";

/** Says that the values on the page are not followed any more. */
export function ConnectionBanner({ onRetry }: { readonly onRetry: () => void }) {
  const { t } = useI18n();
  const lost = useAppSelector((state) => state.connection.phase === "lost");
  return (
    <div className="banner-place">
      <div role="status">{lost ? <p className="banner">{t("connection.lost")}</p> : null}</div>
      {lost ? (
        <button type="button" className="button" onClick={onRetry}>
          {t("connection.retry")}
        </button>
      ) : null}
    </div>
  );
}
