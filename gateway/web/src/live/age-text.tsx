import { useContext } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { NearContext } from "../things/near.ts";
import { useTimedText } from "./use-gateway-time.ts";

/** `12 sec. ago`, kept up to date while it is near the visible part of the page. */
export function AgeText({ iso }: { readonly iso: string }) {
  const i18n = useI18n();
  const near = useContext(NearContext);
  const at = Date.parse(iso);
  const text = useTimedText((now) => i18n.ago(now - at), near);
  return (
    <time dateTime={iso} title={i18n.instant.full(iso)}>
      {text}
    </time>
  );
}
