import type { RuleView } from "@tram/protocol";
import { useI18n } from "../i18n/use-i18n.ts";
import { InstantText } from "../live/instant-text.tsx";
import { SlotText } from "../shell/slot-text.tsx";

/** Says that a rule is not as its text says now. */
export function LastGoodNote({ rule: { lastGood } }: { readonly rule: RuleView }) {
  const { t } = useI18n();
  if (lastGood === undefined) return null;
  const { time, version } = lastGood;
  return (
    <p className="notice-line">
      {time === undefined || version === undefined ? (
        t("rules.lastGood")
      ) : (
        <SlotText text={(slot) => t("rules.lastGoodOf", { version, time: slot })}>
          <InstantText iso={time} />
        </SlotText>
      )}
    </p>
  );
}
