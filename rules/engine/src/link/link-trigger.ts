import type { Json, RuleTrigger } from "@tram/protocol";
import {
  type CompiledTrigger,
  type RunMode,
  type Signal,
  type Source,
  type ValueTest,
  type WatchTrigger,
  watchKey,
} from "../program.ts";
import type { Schedule } from "../schedule/index.ts";
import { joinPath } from "../shape-check.ts";
import { filterProblem } from "../trigger/topic-filter.ts";
import type { Link, RuleLinker } from "./rule-linker.ts";

interface Place {
  readonly path: string;
  /** Names it among the triggers of the rule and of its waits: its number, or its place. */
  readonly key: string;
}

interface Head {
  readonly label: string;
  readonly key: string;
  readonly mode?: RunMode;
}

/** Links one trigger. One that speaks of many properties becomes as many; one that is switched off becomes none. */
export function linkTrigger(
  linker: RuleLinker,
  trigger: RuleTrigger,
  { key, path }: Place,
): CompiledTrigger[] {
  const label = linker.texts.of(trigger.id ?? (/^\d/.test(key) ? `triggers[${key}]` : key));
  const head: Head = {
    label,
    key: linker.texts.of(key),
    ...(trigger.mode === undefined ? {} : { mode: trigger.mode }),
  };
  const compiled = linkKind(linker, trigger, { head, path });
  return trigger.enabled === false ? [] : compiled;
}

function linkKind(
  linker: RuleLinker,
  trigger: RuleTrigger,
  { head, path }: { readonly head: Head; readonly path: string },
): CompiledTrigger[] {
  const forMs = "for" in trigger ? (linker.optionalDuration(trigger.for, joinPath(path, "for")) ?? 0) : 0;
  const timed = (schedule: Schedule | undefined): CompiledTrigger[] => {
    if (schedule === undefined) return [];
    if (schedule.next(0) === undefined) linker.warn(path, `${schedule.text} never comes`);
    return [{ kind: "time", ...head, schedule }];
  };
  const signal = (one: Signal): CompiledTrigger[] => [{ kind: "signal", ...head, signal: one }];

  if ("state" in trigger || "numeric" in trigger)
    return watchProperties(linker, trigger, { head, path, forMs });
  if ("expression" in trigger) {
    const found = linker.expression(trigger.expression, joinPath(path, "expression"));
    if (found === undefined) return [];
    const source: Source = { on: "expression", ...found };
    return [
      watch(linker, head, {
        source,
        reference: "expression",
        forMs,
        test: { kind: "oneOf", values: [true] },
      }),
    ];
  }
  if ("availability" in trigger) return watchThings(linker, trigger, { head, path, forMs });
  if ("bridge" in trigger) {
    const { provider, to } = trigger.bridge;
    const source: Source = { on: "bridge", ...(provider === undefined ? {} : { provider }) };
    return [
      watch(linker, head, { source, reference: "bridge", forMs, test: { kind: "oneOf", values: [to] } }),
    ];
  }
  if ("time" in trigger) {
    const { time } = trigger;
    const { at, weekdays } = typeof time === "string" ? { at: time } : time;
    return timed(linker.made(linker.schedules.times([at].flat(), weekdays), joinPath(path, "time")));
  }
  if ("cron" in trigger)
    return timed(linker.made(linker.schedules.cron(trigger.cron), joinPath(path, "cron")));
  if ("sun" in trigger) return timed(linker.made(linker.schedules.sun(trigger.sun), joinPath(path, "sun")));
  if ("time_pattern" in trigger) {
    const made = linker.schedules.timePattern(trigger.time_pattern);
    return timed(linker.made(made, joinPath(path, "time_pattern")));
  }
  if ("schedule" in trigger) {
    const { on, week } = trigger.schedule;
    return timed(linker.made(linker.schedules.week(week, on), joinPath(path, "schedule.week")));
  }
  if ("event" in trigger) {
    const { data, event, thing } = trigger.event;
    const [id] = linker.things(thing, joinPath(path, "event.thing"));
    if (id === undefined) return [];
    const known = linker.house.thing(id);
    if (known !== undefined && !Object.hasOwn(known.events ?? {}, event)) {
      linker.problem(joinPath(path, "event.event"), `unknown event ${JSON.stringify(event)} of ${id}`);
    }
    return signal({ on: "event", thing: id, event, ...(data === undefined ? {} : { data: data as Json }) });
  }
  if ("mqtt" in trigger) {
    const { path: place, payload, topic } = trigger.mqtt;
    const problem = filterProblem(topic);
    if (problem !== undefined) linker.problem(joinPath(path, "mqtt.topic"), problem);
    return signal({
      on: "message",
      filter: topic,
      ...(payload === undefined ? {} : { payload: [payload].flat() }),
      ...(place === undefined ? {} : { path: place }),
    });
  }
  if ("webhook" in trigger) return signal({ on: "webhook", id: trigger.webhook });
  if ("clock" in trigger) return signal({ on: "clock", to: trigger.clock });
  return signal({ on: "started" });
}

type Watching = Pick<WatchTrigger, "reference" | "test" | "forMs"> &
  Partial<Pick<WatchTrigger, "source" | "from" | "momentary" | "keepsLast">>;

function watch(
  linker: RuleLinker,
  head: Head,
  { keepsLast = false, momentary = false, ...watching }: Watching,
): WatchTrigger {
  const on = linker.texts.of(nameOf(watching.source));
  return { kind: "watch", ...head, on, momentary, keepsLast, ...watching };
}

/** What a trigger watches, in a word. */
export function nameOf(source: Source | undefined): string {
  switch (source?.on) {
    case undefined:
      return "";
    case "property": {
      const { property, thing } = source.target;
      const name = watchKey(thing, property);
      return source.attribute === undefined ? name : `${name}.${source.attribute}`;
    }
    case "availability":
      return source.thing;
    case "bridge":
      return `bridge ${source.provider ?? ""}`;
    case "presence":
      return `presence ${source.is} ${source.members.map(({ thing }) => thing).join(" ")}`;
    case "expression":
      return source.expression.source;
  }
}

interface Watched {
  readonly head: Head;
  readonly path: string;
  readonly forMs: number;
}

function watchProperties(
  linker: RuleLinker,
  trigger: Extract<RuleTrigger, { state: unknown } | { numeric: unknown }>,
  { forMs, head, path }: Watched,
): WatchTrigger[] {
  const numeric = "numeric" in trigger;
  const part = numeric ? trigger.numeric : trigger.state;
  const inside = joinPath(path, numeric ? "numeric" : "state");
  const links = linker.properties(part.property, joinPath(inside, "property"));
  const many = typeof part.property !== "string";
  return links.map((link): WatchTrigger => {
    const { reference } = link;
    // Of a part of a value nothing is known but the whole.
    const affordance = part.attribute === undefined ? link.affordance : undefined;
    const momentary = link.affordance?.momentary === true;
    if (momentary && forMs > 0) {
      linker.warn(joinPath(path, "for"), `${reference} is momentary: an occurrence does not last`);
    }
    const source = sourceOf(link, part.attribute);
    const own = { ...head, key: many ? linker.texts.of(`${head.key}:${reference}`) : head.key };
    const common = { ...(source === undefined ? {} : { source }), reference, forMs, momentary };
    if ("numeric" in trigger)
      return watch(linker, own, { ...common, test: linker.range(trigger.numeric, affordance, inside) });
    const { from, to } = trigger.state;
    const test: ValueTest =
      to === undefined
        ? { kind: "any" }
        : { kind: "oneOf", values: linker.values(to, affordance, joinPath(inside, "to")) };
    const keepsLast = from !== undefined || to === undefined;
    const before =
      from === undefined ? {} : { from: linker.values(from, affordance, joinPath(inside, "from")) };
    return watch(linker, own, { ...common, test, keepsLast, ...before });
  });
}

export function sourceOf({ target }: Link, attribute: string | undefined): Source | undefined {
  if (target === undefined) return undefined;
  return { on: "property", target, ...(attribute === undefined ? {} : { attribute }) };
}

function watchThings(
  linker: RuleLinker,
  { availability }: Extract<RuleTrigger, { availability: unknown }>,
  { forMs, head, path }: Watched,
): WatchTrigger[] {
  const { from, thing, to } = availability;
  const things = linker.things(thing, joinPath(path, "availability.thing"));
  return things.map((id) =>
    watch(linker, typeof thing === "string" ? head : { ...head, key: `${head.key}:${id}` }, {
      source: { on: "availability", thing: id },
      reference: id,
      forMs,
      test: to === undefined ? { kind: "any" } : { kind: "oneOf", values: [to].flat() },
      keepsLast: from !== undefined || to === undefined,
      ...(from === undefined ? {} : { from: [from].flat() }),
    }),
  );
}
