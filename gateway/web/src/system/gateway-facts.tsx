import type { GatewayView } from "@tram/protocol";
import type { ReactNode } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { AgeText } from "../live/age-text.tsx";
import type { Tone } from "../shell/chip.tsx";

const CLOCK_TONES: Readonly<Record<GatewayView["clock"], Tone>> = {
  synced: "good",
  holdover: "warn",
  untrusted: "bad",
};

/** What the gateway says about itself. */
export function GatewayFacts({ gateway }: { readonly gateway: GatewayView }) {
  const { t } = useI18n();
  return (
    <dl className="facts">
      <Fact name={t("system.name")}>{gateway.name}</Fact>
      <Fact name={t("system.id")}>
        <code>{gateway.id}</code>
      </Fact>
      <Fact name={t("system.version")}>{gateway.version}</Fact>
      <Fact name={t("system.started")}>
        <AgeText iso={gateway.startedAt} />
      </Fact>
      <Fact name={t("system.timezone")}>{gateway.timezone}</Fact>
      <Fact name={t("system.clock")} tone={CLOCK_TONES[gateway.clock]}>
        {t(`system.clock.${gateway.clock}`)}
      </Fact>
      <Fact name={t("system.store")} tone={gateway.store === "ok" ? "good" : "bad"}>
        {t(`system.store.${gateway.store}`)}
      </Fact>
    </dl>
  );
}

interface FactProps {
  readonly name: string;
  readonly tone?: Tone;
  readonly children: ReactNode;
}

function Fact({ name, tone, children }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-tone={tone}>{children}</dd>
    </div>
  );
}
