import type { TraceView } from "@tram/protocol";
import type { I18n } from "../i18n/i18n.ts";
import { bareValueText } from "../things/value-text.ts";
import { factText, type Things } from "./condition-facts.ts";
import { readConditions } from "./trace-conditions.ts";

/**
 * Says in one sentence why a rule did nothing the last time it could have.
 * @param traces newest first; what runs do after they began is passed over.
 * @returns `undefined` when it fired since, or was never looked at.
 */
export function whyNot(traces: readonly TraceView[], things: Things, i18n: I18n): string | undefined {
  const trace = traces.find(isDecision);
  const { t } = i18n;
  switch (trace?.outcome) {
    case "condition-false":
      return conditionText(trace, things, i18n);
    case "waiting": {
      const duration = durationText(/^for (.+)$/.exec(trace.detail ?? "")?.[1], i18n);
      const trigger = triggerText(trace.trigger, i18n);
      return duration === undefined
        ? t("whyNot.waiting", { trigger })
        : t("whyNot.waitingFor", { trigger, duration });
    }
    case "mode-dropped":
      return modeText(trace, i18n);
    case "held":
      return heldText(trace, i18n);
    case "cancelled":
      return cancelledText(trace, i18n);
    case "failed":
      return failureText(trace.detail ?? "", i18n);
    default:
      return undefined;
  }
}

/** Whether a trace tells how a firing was decided; the others tell how a run went on. */
function isDecision({ outcome, runId }: TraceView): boolean {
  if (outcome === "cancelled") return runId === undefined;
  return outcome !== "action" && outcome !== "finished" && outcome !== "resumed";
}

/** The first condition that did not hold. */
function conditionText(trace: TraceView, things: Things, i18n: I18n): string {
  const conditions = readConditions(trace.checks);
  const index = conditions.findIndex(({ passed }) => !passed);
  const condition = conditions[index];
  if (condition === undefined) return i18n.t("whyNot.someCondition");
  return i18n.t("whyNot.condition", {
    number: index + 1,
    fact: factText(condition, true, things, i18n),
  });
}

function modeText(trace: TraceView, { t }: I18n): string {
  const detail = trace.detail ?? "";
  const count = Number(/^(\d+) runs/.exec(detail)?.[1] ?? 1);
  return detail.includes("(mode queued)") || detail.includes("(mode parallel)")
    ? t("whyNot.tooMany", { count })
    : t("whyNot.modeDropped");
}

function heldText(trace: TraceView, i18n: I18n): string {
  const { t } = i18n;
  const detail = trace.detail ?? "";
  if (detail.includes("clock")) return t("whyNot.clock");
  const trigger = triggerText(trace.trigger, i18n);
  if (detail.includes("value is stale")) return t("whyNot.heldStale", { trigger });
  if (detail.includes("value is bad")) return t("whyNot.heldBad", { trigger });
  return t("whyNot.held", { trigger });
}

function cancelledText(trace: TraceView, i18n: I18n): string {
  const { t } = i18n;
  const detail = trace.detail ?? "";
  const trigger = triggerText(trace.trigger, i18n);
  const [, time, late] = /^missed (\S+) by (.+)$/.exec(detail) ?? [];
  if (time !== undefined) return t("whyNot.missed", { time, late: durationText(late, i18n) ?? "" });
  if (detail === "the rule changed") return t("whyNot.changed", { trigger });
  if (trace.seen === undefined || trace.seen === null) return t("whyNot.cancelled", { trigger });
  return t(detail.endsWith("is not a number") ? "whyNot.noNumber" : "whyNot.cancelledSeen", {
    trigger,
    seen: plainText(trace.seen, i18n),
  });
}

/** It fired, but then something went wrong. */
function failureText(detail: string, { t }: I18n): string {
  const [, action, property] = /^actions\[(\d+)\]: (\S+) belongs to no known Thing$/.exec(detail) ?? [];
  if (property !== undefined) return t("whyNot.noThing", { number: Number(action) + 1, property });
  const [, reason] = /^the command was refused: (.+)$/s.exec(detail) ?? [];
  return reason === undefined ? t("whyNot.failed", { detail }) : t("whyNot.refused", { reason });
}

/** The name that its author gave it, else its number. */
function triggerText(label: string, { t }: I18n): string {
  const [, index] = /^triggers\[(\d+)\]$/.exec(label) ?? [];
  return index === undefined
    ? t("whyNot.triggerName", { name: label })
    : t("whyNot.trigger", { number: Number(index) + 1 });
}

const UNITS = { ms: "unit.ms", s: "unit.s", min: "unit.min", h: "unit.h", d: "unit.d" } as const;

/** `3 h 5 min` with the units of the language. */
function durationText(written: string | undefined, { t }: I18n): string | undefined {
  return written?.replace(/\b(ms|s|min|h|d)\b/g, (unit) => t(UNITS[unit as keyof typeof UNITS]));
}

function plainText(value: unknown, i18n: I18n): string {
  if (typeof value === "boolean") return i18n.t(value ? "value.yes" : "value.no");
  return bareValueText(value, i18n);
}
