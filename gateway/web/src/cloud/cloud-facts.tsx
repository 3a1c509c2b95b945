import type { CloudView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { Fact } from "./bridge-facts.tsx";

/** Where a cloud is, who the gateway is there, and until when. */
export function CloudFacts({ cloud }: { readonly cloud: CloudView }) {
  const { instant, t } = useI18n();
  const { certificate, place, source, thing } = cloud;
  return (
    <dl className="facts">
      {place === "" ? null : <Fact name={t("cloud.place")}>{place}</Fact>}
      {thing === undefined ? null : <Fact name={t("cloud.thing")}>{thing}</Fact>}
      <Fact name={t("cloud.source")}>{t(`cloud.source.${source}`)}</Fact>
      {certificate === undefined ? null : (
        <Fact name={t("cloud.until")}>{instant.date(certificate.notAfter)}</Fact>
      )}
      {certificate?.renewal === undefined ? null : (
        <Fact name={t("cloud.renewal")}>{instant.date(certificate.renewal)}</Fact>
      )}
    </dl>
  );
}
