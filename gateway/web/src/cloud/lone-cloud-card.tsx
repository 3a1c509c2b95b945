import type { CloudView } from "@tram/protocol";
import { useId } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { SlotText } from "../shell/slot-text.tsx";
import { CloudFacts } from "./cloud-facts.tsx";
import { CloudTools } from "./cloud-tools.tsx";

interface Props {
  readonly cloud: CloudView;
  readonly problem: string;
  readonly onDone: (said: string, gone: boolean) => void;
}

/** A cloud that was added and has no bridge, with the reason. */
export function LoneCloudCard({ cloud, problem, onDone }: Props) {
  const { t } = useI18n();
  const headingId = useId();
  return (
    <li className="card bridge">
      <article aria-labelledby={headingId}>
        <h2 id={headingId} className="bridge-title">
          {cloud.id} <span className="muted">{cloud.provider}</span>
        </h2>
        <p className="card-problem">
          <SlotText text={(slot) => t("cloud.notOpened", { problem: slot })}>
            <span lang="en">{problem}</span>
          </SlotText>
        </p>
        <CloudFacts cloud={cloud} />
        <CloudTools cloud={cloud} waiting={0} onDone={onDone} />
      </article>
    </li>
  );
}
