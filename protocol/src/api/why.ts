import { type Static, Type } from "typebox";
import { PropertyView, TraceCheck, TraceView } from "./views.ts";

const Time = Type.String({ format: "date-time" });
const Value = PropertyView.properties.value;

/** A trigger, what it asks for, and why it does not fire. */
export const WhyTrigger = Type.Object({
  trigger: Type.String({ description: "Id or place of the trigger: `triggers[0]`." }),
  wants: Type.String({ description: "What it asks for: `air/air/temperature is above 30`." }),
  status: Type.Enum(["true", "false", "waits", "held", "planned", "never", "idle", "unknown", "asleep"], {
    description:
      "`true`: it is true already, and fires when it becomes so; `waits`: it is true, for its time; `held`: that is " +
      "over, but something must be known first; `planned`: of a schedule; `never`: a schedule without a next time; " +
      "`idle`: of what happens without being a state; `unknown`: no value; `asleep`: nobody knows the Thing.",
  }),
  seen: Type.Optional(Value),
  quality: Type.Optional(PropertyView.properties.quality),
  lookedAt: Type.Optional(Type.String({ ...Time, description: "When it was last looked at." })),
  verdict: Type.Optional(Type.String({ description: "What came of that." })),
  next: Type.Optional(Type.String({ ...Time, description: "When it fires next, if nothing changes." })),
  leftMs: Type.Optional(Type.Number()),
  text: Type.String({ description: "All of it in one English sentence." }),
});
export type WhyTrigger = Static<typeof WhyTrigger>;

export const WhyRun = Type.Object({
  id: Type.String(),
  trigger: Type.String(),
  since: Time,
  doing: Type.String({ description: "What it waits for, in English." }),
});
export type WhyRun = Static<typeof WhyRun>;

/** Why a rule does not fire, or did not. */
export const WhyView = Type.Object({
  rule: Type.String(),
  at: Time,
  basis: Type.Enum(["live", "diary", "journal", "nothing"], {
    description:
      "Where the answer is from: what is now; the rule's diary of that time; the journal of events, played to the rule " +
      "as it is written now; or nowhere, as neither reaches back.",
  }),
  status: Type.Enum(["active", "disabled", "paused", "unavailable"], { description: "Of the rule now." }),
  /** English. */
  headline: Type.String({ description: "The answer in one sentence." }),
  problems: Type.Array(Type.String()),
  triggers: Type.Array(WhyTrigger),
  conditions: Type.Array(TraceCheck, {
    description: "As they are, or were: whether or not a trigger fires.",
  }),
  conditionsHold: Type.Boolean(),
  runs: Type.Array(WhyRun),
  traces: Type.Array(TraceView, { description: "What the diary says of that time, the newest first." }),
  unknown: Type.Array(Type.String(), { description: "What the answer does not know." }),
  text: Type.Array(Type.String(), { description: "The whole answer in English, a line each." }),
});
export type WhyView = Static<typeof WhyView>;
