import type { Json } from "@tram/protocol";
import type { RuleEvent } from "../events.ts";
import type { Signal, SignalTrigger } from "../program.ts";
import { contains, partOf, sameValue } from "../value-test.ts";
import { type Firing, look } from "../visit.ts";
import type { Slot } from "./slot.ts";
import { matchesFilter } from "./topic-filter.ts";

/** It is what the trigger listens to, but not what it asks for. */
interface Miss {
  readonly miss: string;
  readonly seen: Json;
}
type Facts = Pick<Firing, "seen" | "data" | "thing" | "detail">;

/** A trigger on what happens without being a state meets the event of the visit. */
export function onSignal(slot: Slot<SignalTrigger>): void {
  const { trigger, visit } = slot;
  const { label, mode, signal } = trigger;
  const facts = meets(signal, visit.event);
  if (facts === undefined) return;
  if ("miss" in facts) {
    look(visit, trigger, { seen: facts.seen, verdict: facts.miss });
    return;
  }
  look(visit, trigger, {
    ...(facts.seen === undefined ? {} : { seen: facts.seen }),
    verdict: "fired",
    traced: true,
  });
  slot.fire({ trigger: label, kind: signal.on, ...facts, mode });
}

function meets(signal: Signal, event: RuleEvent): Facts | Miss | undefined {
  switch (event.kind) {
    case "occurrence": {
      if (signal.on !== "event") return undefined;
      const { data, event: name, thing } = event.event;
      if (thing !== signal.thing || name !== signal.event) return undefined;
      if (signal.data !== undefined && !contains(data, signal.data)) {
        return { miss: "its data is other than asked for", seen: data };
      }
      return { thing, data, seen: data };
    }
    case "message":
      return signal.on === "message" ? meetsMessage(signal, event) : undefined;
    case "webhook":
      return signal.on === "webhook" && signal.id === event.id ? { data: event.data } : undefined;
    case "start":
      return signal.on === "started" && event.restored === true ? {} : undefined;
    case "clock": {
      if (signal.on !== "clock") return undefined;
      const meant =
        signal.to === "stepped"
          ? event.stepMs !== 0
          : event.trustChanged === true && event.trust === signal.to;
      return meant ? { seen: event.trust } : undefined;
    }
    default:
      return undefined;
  }
}

function meetsMessage(
  { filter, path, payload }: Extract<Signal, { on: "message" }>,
  event: Extract<RuleEvent, { kind: "message" }>,
): Facts | Miss | undefined {
  if (!matchesFilter(filter, event.topic)) return undefined;
  const parsed = parse(event.payload);
  const seen = path === undefined ? event.payload : partOf(parsed, path);
  if (path !== undefined && seen === null) {
    return { miss: `nothing at ${path} of the message`, seen: event.payload };
  }
  // Without a path the payload is text; a number in the rule means the text that reads as it.
  const fits = (wanted: Json) => sameValue(seen, wanted) || (path === undefined && sameValue(parsed, wanted));
  if (payload !== undefined && !payload.some(fits)) return { miss: "another payload", seen };
  return { seen, data: parsed, detail: event.topic };
}

/** JSON where it is, otherwise the text. */
function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
