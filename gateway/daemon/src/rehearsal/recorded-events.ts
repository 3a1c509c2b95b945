import {
  type Availability,
  type CommandId,
  isJsonObject,
  type Json,
  parsePropertyKey,
  parseThingId,
  type Quality,
  Thing,
} from "@tram/protocol";
import { Compile, type Validator } from "@tram/protocol/validator";
import { describeInvocation, describeNotification, describeSet, type Recorded } from "@tram/rules/rehearsal";
import { placingOf } from "./known-things.ts";

type Facts = { readonly [key: string]: Json };
type What = Recorded extends infer Each ? (Each extends Recorded ? Omit<Each, "at"> : never) : never;

const TRUSTS = ["untrusted", "holdover", "synced"] as const;
const AVAILABILITIES: readonly Availability[] = [
  "unknown",
  "init",
  "ready",
  "disconnected",
  "sleeping",
  "lost",
];
const QUALITIES: readonly Quality[] = ["good", "stale", "bad"];
let things: Validator<typeof Thing> | undefined;

/**
 * Reads one line of what `events --json --all --known` writes and the API answers.
 * @returns `undefined` for a line that is no event.
 */
export function readRecorded(line: string): Recorded | undefined {
  let view: Json;
  try {
    view = JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
  if (!isJsonObject(view) || !isJsonObject(view.what ?? null)) return undefined;
  const trust = TRUSTS.find((each) => each === view.clock);
  const { boot, monotonic, time, wall = time } = view;
  const at = typeof wall === "string" ? Date.parse(wall) : Number.NaN;
  if (trust === undefined || typeof boot !== "string" || typeof monotonic !== "number" || Number.isNaN(at)) {
    return undefined;
  }
  const what = happening(String(view.kind), view.what as Facts, at);
  return what && { ...what, at: { wall: at, monotonic, bootId: boot, trust } };
}

function happening(kind: string, facts: Facts, at: number): What | undefined {
  switch (kind) {
    case "start":
      return { kind: "start" };
    case "gap":
      return { kind: "gap" };
    case "clock":
      return typeof facts.stepMs === "number" ? { kind: "clock", stepMs: facts.stepMs } : undefined;
    case "reading":
    case "quality":
    case "known-reading":
      return reading(facts, at, kind === "known-reading");
    case "thing":
    case "known-thing": {
      things ??= Compile(Thing);
      if (!things.Check(facts.thing)) return undefined;
      const availability = AVAILABILITIES.find((each) => each === facts.availability);
      const placing = isJsonObject(facts.settings) ? placingOf(facts.settings) : undefined;
      return { kind: "thing", thing: facts.thing, availability, placing, known: kind === "known-thing" };
    }
    case "availability": {
      const to = AVAILABILITIES.find((each) => each === facts.availability);
      return typeof facts.id === "string" && to !== undefined
        ? { kind: "availability", id: facts.id, to }
        : undefined;
    }
    case "event": {
      const { data = null, event } = facts;
      const thing = parseThingId(String(facts.thing));
      if (thing === undefined || typeof event !== "string") return undefined;
      return {
        kind: "occurrence",
        event: { thing, event, data, time: at, receivedAt: at, origin: "device" },
      };
    }
    case "retired":
      return typeof facts.id === "string" ? { kind: "retired", id: facts.id } : undefined;
    case "command": {
      const { action: invoked, id, origin, property, thing, value = null } = facts;
      if (typeof id !== "string" || typeof origin !== "string") return undefined;
      const text =
        typeof invoked === "string"
          ? describeInvocation(String(thing), invoked, value)
          : describeSet(String(thing), String(property), value);
      return { kind: "done", action: { at, ...ruleOf(origin), text }, commandId: id };
    }
    case "notification": {
      const { level, rule, text } = facts;
      const told = describeNotification(String(level), String(text));
      return { kind: "done", action: { at, ...(typeof rule === "string" ? { rule } : {}), text: told } };
    }
    default:
      return { kind: "other" };
  }
}

function reading(facts: Facts, at: number, known: boolean): What | undefined {
  const { cause, property, thing, value = null } = facts;
  const quality = QUALITIES.find((each) => each === facts.quality);
  if (typeof thing !== "string" || typeof property !== "string" || quality === undefined) return undefined;
  const id = parseThingId(thing);
  const key = parsePropertyKey(property);
  if (id === undefined || key === undefined) return undefined;
  return {
    kind: "reading",
    known,
    reading: {
      thing: id,
      property: key,
      value,
      quality,
      time: at,
      receivedAt: at,
      origin: "device",
      ...causeOf(cause),
    },
  };
}

function causeOf(cause: Json | undefined): { cause?: { commandId: CommandId; depth: number } } {
  if (cause === undefined || !isJsonObject(cause)) return {};
  const { commandId, depth } = cause;
  if (typeof commandId !== "string" || typeof depth !== "number") return {};
  return { cause: { commandId: commandId as CommandId, depth } };
}

function ruleOf(origin: string): { rule?: string } {
  return origin.startsWith("rule:") ? { rule: origin.slice("rule:".length) } : {};
}
