import type { TraceView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { whyNot } from "./why-not.ts";

/** One sentence about what kept a rule from running, where something did. @param traces newest first. */
export function WhyNotLine({ traces }: { readonly traces: readonly TraceView[] }) {
  const i18n = useI18n();
  const things = useAppSelector((state) => state.things.descriptions);
  const text = whyNot(traces, things, i18n);
  return text === undefined ? null : (
    <p className="why-not">
      <strong>{i18n.t("rules.whyNot")}</strong> {text}
    </p>
  );
}
