import { useI18n } from "../i18n/use-i18n.ts";
import { useGatewayTime } from "./use-gateway-time.ts";

/** A point in time in the gateway's time zone: `12:03`, with the date when it is another day. */
export function InstantText({ iso }: { readonly iso: string }) {
  const { instant } = useI18n();
  const time = useGatewayTime();
  return (
    <time dateTime={iso} title={instant.full(iso)}>
      {instant.short(iso, time.now())}
    </time>
  );
}
