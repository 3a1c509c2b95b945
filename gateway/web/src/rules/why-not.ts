import type { TraceView } from "@tram/protocol";
import type { I18n } from "../i18n/i18n.ts";
import { bareValueText } from "../things/value-text.ts";

/**
 * Says in one sentence why the latest evaluation of a rule did nothing.
 * @returns `undefined` when it fired, or is on its way.
 */
export function whyNot(trace: TraceView | undefined, i18n: I18n): string | undefined {
  const { t } = i18n;
  switch (trace?.outcome) {
    case "condition-false":
      return conditionText(trace, i18n);
    case "waiting":
      return t("whyNot.waiting", { trigger: trace.trigger });
    case "mode-dropped":
      return t("whyNot.modeDropped");
    case "held":
      return trace.detail === "the clock is not trusted" ? t("whyNot.clock") : t("whyNot.held");
    case "cancelled":
      return t("whyNot.cancelled", { trigger: trace.trigger });
    case "failed":
      return t("whyNot.failed", { detail: trace.detail ?? "" });
    default:
      return undefined;
  }
}

/** The first condition that did not hold. A group is told by the first of its parts that did not. */
function conditionText(trace: TraceView, i18n: I18n): string {
  const { t } = i18n;
  const failed = trace.checks.filter(({ passed }) => !passed);
  const first = failed.find(({ seen }) => seen !== null && seen !== undefined) ?? failed[0];
  if (first === undefined) return t("whyNot.someCondition");
  const [, number, what = first.what] = /^conditions\[(\d+)\][^:]*: (.*)$/s.exec(first.what) ?? [];
  const condition = number === undefined ? what : `${Number(number) + 1}: ${what}`;
  return first.seen === null || first.seen === undefined
    ? t("whyNot.conditionUnknown", { condition })
    : t("whyNot.condition", { condition, seen: bareValueText(first.seen, i18n) });
}
