import {
  type EpochMs,
  formatDuration,
  type Json,
  type Ms,
  type Quality,
  type WhyTrigger,
} from "@tram/protocol";
import { writeValue } from "../describe-value.ts";
import type { Look } from "../events.ts";
import { describeTest } from "../link/rule-linker.ts";
import type { CompiledTrigger, Signal, SignalTrigger, TimeTrigger, WatchTrigger } from "../program.ts";
import { NO_LOCALS } from "../scope.ts";
import { observe } from "../source.ts";
import { matches } from "../value-test.ts";
import type { Visit } from "../visit.ts";
import { leftMs, timeLeft } from "./explain-run.ts";
import { writeTime } from "./write-time.ts";

export interface ExplainedTrigger {
  readonly trigger: string;
  readonly wants: string;
  readonly status: WhyTrigger["status"];
  readonly seen?: Json;
  readonly quality?: Quality;
  readonly lookedAt?: EpochMs;
  readonly verdict?: string;
  readonly next?: EpochMs;
  readonly leftMs?: Ms;
  readonly text: string;
}

/** What a trigger asks for, how that is, and what it was last seen to do. */
export function explainTrigger(
  visit: Visit,
  trigger: CompiledTrigger,
  look: Look | undefined,
): ExplainedTrigger {
  const found =
    trigger.kind === "watch"
      ? explainWatch(visit, trigger, look)
      : trigger.kind === "time"
        ? explainTime(visit, trigger)
        : explainSignal(visit, trigger, look);
  const { label } = trigger;
  const past = look === undefined ? {} : { lookedAt: look.time, verdict: look.verdict };
  return { trigger: label, ...found, ...past, text: `${label}: ${found.wants}: ${found.text}` };
}

type Found = Omit<ExplainedTrigger, "trigger" | "lookedAt" | "verdict">;

function explainWatch(visit: Visit, trigger: WatchTrigger, look: Look | undefined): Found {
  const { forMs, from, momentary, reference, source, test } = trigger;
  const { now } = visit.world;
  const what = source?.on === "expression" ? source.expression.source : `${reference} ${watchWords(trigger)}`;
  const wants = [
    what,
    ...(from === undefined ? [] : [`coming from ${from.map(writeValue).join(" or ")}`]),
    ...(forMs === 0 ? [] : [`for ${formatDuration(forMs)}`]),
  ].join(" ");
  if (source === undefined) {
    return { wants, status: "asleep", text: "no Thing with that property has been heard of" };
  }
  const { problem, quality, value } = observe(visit, source, NO_LOCALS);
  const seen = { seen: value, quality };
  const own = visit.state.triggers[trigger.key];
  const pending = own !== undefined && "pending" in own ? own.pending : undefined;
  if (pending?.held === true) {
    const text = `its time is over, but the value is ${value === null ? "not known" : quality}: it waits for a good one`;
    return { wants, status: "held", ...seen, text };
  }
  if (pending !== undefined) {
    const text = `it is true (saw ${writeValue(value)}) and waits: ${timeLeft(pending, now)}`;
    const left = leftMs(pending, now);
    return { wants, status: "waits", ...seen, leftMs: left, next: now.wall + left, text };
  }
  if (value === null) return { wants, status: "unknown", ...seen, text: problem ?? "no value is known" };
  const stale =
    quality === "good" ? "" : `; the value is ${quality}, and does not count until it is good again`;
  const last = look === undefined ? "" : `; last looked at ${writeTime(visit, look.time)}: ${look.verdict}`;
  if (momentary || test.kind === "any") {
    const text = `it is ${writeValue(value)}, and fires when that ${momentary ? "comes again" : "changes"}`;
    return { wants, status: "idle", ...seen, text: `${text}${stale}${last}` };
  }
  const truth = own !== undefined && "truth" in own && own.truth;
  if (matches(test, value, truth)) {
    const text = truth
      ? `it is true already (${writeValue(value)}): it fires when that becomes false and then true again`
      : `it is true (${writeValue(value)}), but was not looked at since it became so`;
    return { wants, status: "true", ...seen, text: `${text}${stale}${last}` };
  }
  return { wants, status: "false", ...seen, text: `it is not true: saw ${writeValue(value)}${stale}${last}` };
}

function watchWords({ momentary, test }: WatchTrigger): string {
  if (test.kind === "any") return momentary ? "reports" : "changes";
  return describeTest(test);
}

function explainTime(visit: Visit, { key, schedule }: TimeTrigger): Found {
  const { now } = visit.world;
  const own = visit.state.triggers[key];
  const wants = schedule.text;
  if (own !== undefined && "at" in own) {
    if (own.held === true) {
      return {
        wants,
        status: "held",
        text: "held: the clock is not trusted, so nobody knows whether it is time",
      };
    }
    if (own.planned !== undefined) return planned(visit, wants, own.planned);
  }
  const next = schedule.next(now.wall);
  return next === undefined
    ? { wants, status: "never", text: "it has no next time" }
    : planned(visit, wants, next);
}

function planned(visit: Visit, wants: string, next: EpochMs): Found {
  const left = Math.max(0, next - visit.world.now.wall);
  const text = `fires next at ${writeTime(visit, next)}, in ${formatDuration(left)}`;
  return { wants, status: "planned", next, leftMs: left, text };
}

function explainSignal(visit: Visit, { signal }: SignalTrigger, look: Look | undefined): Found {
  const wants = signalWords(signal);
  if (look === undefined) return { wants, status: "idle", text: "not seen since the gateway started" };
  const seen = look.seen === undefined ? "" : ` (saw ${writeValue(look.seen)})`;
  return {
    wants,
    status: "idle",
    ...(look.seen === undefined ? {} : { seen: look.seen }),
    text: `last seen ${writeTime(visit, look.time)}${seen}: ${look.verdict}`,
  };
}

function signalWords(signal: Signal): string {
  switch (signal.on) {
    case "event":
      return `event ${signal.event} of ${signal.thing}`;
    case "message":
      return `a message on ${signal.filter}`;
    case "webhook":
      return `webhook ${signal.id}`;
    case "started":
      return "the gateway starts";
    case "clock":
      return `the clock is ${signal.to}`;
  }
}
