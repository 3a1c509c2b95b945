import type { CloudCheckView } from "@tram/protocol";
import type { Language } from "../i18n/language.ts";
import { viAdvice } from "../i18n/messages/vi-cloud-advice.ts";
import type { Translate } from "../i18n/translator.ts";
import type { Tone } from "../shell/chip.tsx";
import { wrongText } from "./bridge-words.ts";

export type CheckStep = CloudCheckView["steps"][number];
export type StepName = CheckStep["step"];

/** The steps in the order in which the gateway goes. */
export const STEP_NAMES: readonly StepName[] = [
  "configuration",
  "clock",
  "name",
  "tcp",
  "tls",
  "mqtt",
  "publish",
];

/** How a step went; `untried` behind one that has failed, `running` and `waiting` before it is known. */
export type ShownOutcome = CheckStep["outcome"] | "running" | "untried" | "waiting";

export interface ShownStep {
  readonly step: StepName;
  readonly outcome: ShownOutcome;
  /** What was found, in English, as the gateway wrote it. */
  readonly said?: string;
  readonly code?: string;
  readonly advice?: string;
}

export const OUTCOME_TONES: Readonly<Record<ShownOutcome, Tone>> = {
  ok: "good",
  failed: "bad",
  unsure: "warn",
  skipped: "plain",
  untried: "plain",
  running: "info",
  waiting: "plain",
};

/** All seven of them, whatever is known. @param runs whether more of them are to come. */
export function shownSteps(steps: CloudCheckView["steps"], runs: boolean): readonly ShownStep[] {
  const failed = steps.find(({ outcome }) => outcome === "failed")?.step;
  const end = failed === undefined ? STEP_NAMES.length : STEP_NAMES.indexOf(failed);
  return STEP_NAMES.map((step, index): ShownStep => {
    // Which one has failed is seen from there.
    if (index > end) return { step, outcome: "untried" };
    const found = steps.find((each) => each.step === step);
    if (found !== undefined || !runs) return found ?? { step, outcome: "skipped" };
    return { step, outcome: index === steps.length ? "running" : "waiting" };
  });
}

/** The step that tells why it does not work, else the one that leaves a doubt. */
export function telling(steps: readonly ShownStep[]): ShownStep | undefined {
  return (
    steps.find(({ outcome }) => outcome === "failed") ?? steps.find(({ outcome }) => outcome === "unsure")
  );
}

/** What went wrong, in the page's language; `undefined` where only the gateway's own words are known. */
export function failureText({ code, outcome, step }: ShownStep, t: Translate): string | undefined {
  if (outcome !== "failed") return undefined;
  return wrongText({ lastErrorCode: step === "publish" && code === "refused" ? "publish" : code }, t);
}

export interface Advice {
  readonly text: string;
  /** `en` where it is not in the page's language. */
  readonly lang: "en" | undefined;
}

/** What to do about it: the gateway says it in English, by a code that this page knows in Vietnamese. */
export function adviceOf(step: ShownStep, provider: string, language: Language): Advice | undefined {
  const { advice } = step;
  if (advice === undefined) return undefined;
  if (language === "en") return { text: advice, lang: undefined };
  const known = adviceKeys(step, provider).find((key) => Object.hasOwn(viAdvice, key));
  const text = known === undefined ? undefined : viAdvice[known];
  return text === undefined ? { text: advice, lang: "en" } : { text, lang: undefined };
}

/** From the nearest to the most general, in the order in which the gateway chooses. */
function adviceKeys({ code, step }: ShownStep, provider: string): readonly string[] {
  // What it knows of a portal is where to sign in: no other words say that.
  if (code === "portal") return [];
  return [`${provider} at ${step}`, `${provider} ${code}`, `at ${step}`, `${code} at ${step}`, `${code}`];
}
