import type { Availability, EpochMs, Instant, Ms, RuleId, ThingId } from "@tram/protocol";
import { jsonEqual } from "@tram/protocol";
import {
  type CompiledRule,
  type Explanation,
  type Observation,
  type Program,
  type RuleEvent,
  RuleRunner,
  type Trace,
  type World,
} from "@tram/rules";
import type { EventJournal, JournalEvent } from "../event-journal/index.ts";

/** So long before the time that is asked for the rule begins to watch; less where much happened, more where nothing. */
const SPAN_MS: Ms = 3_600_000;
const SHORT_MS: Ms = 300_000;
const LONG_MS: Ms = 48 * 3_600_000;
const MOST_EVENTS = 100_000;
const MOST_WAKEUPS = 10_000;

export interface PastRule {
  readonly explanation: Explanation;
  /** What the rule would have told, from the first event on; the oldest first. */
  readonly traces: readonly Trace[];
  /** The first event that it met. */
  readonly from: EpochMs;
  /** Places where events are missing. */
  readonly gaps: number;
}

/**
 * How a rule was at a time of the past: the journal of events is played to it, from an hour before on, and then it is
 * looked at. It is the rule as it is written now, and enabled.
 * @returns undefined when the journal does not tell.
 */
export async function pastRule(
  journal: Pick<EventJournal, "read">,
  { at, program, rule }: { readonly at: EpochMs; readonly program: Program; readonly rule: CompiledRule },
): Promise<PastRule | undefined> {
  const alone: Program = { ...program, rules: new Map([[rule.id, { ...rule, enabled: true }]]) };
  const first = await play(alone, { from: at - SPAN_MS });
  if (first !== undefined && first !== "too many") return first;
  const second = await play(alone, { from: at - (first === undefined ? LONG_MS : SHORT_MS) });
  return second === "too many" ? undefined : second;

  async function play(
    one: Program,
    { from }: { readonly from: EpochMs },
  ): Promise<PastRule | "too many" | undefined> {
    const past = new Past(one, rule.id);
    let count = 0;
    for await (const event of journal.read({ from, known: true })) {
      // What was known is told before the first event, though that may be later.
      if (event.time > at && !event.kind.startsWith("known-")) break;
      if (++count > MOST_EVENTS) return "too many";
      past.meet(event);
    }
    return past.lookAt(at);
  }
}

/** A house in which one rule lives again what happened. */
class Past {
  readonly #program: Program;
  readonly #rule: RuleId;
  readonly #values = new Map<string, Observation>();
  readonly #availability = new Map<string, Availability>();
  readonly #traces: Trace[] = [];
  readonly #world: World;
  #runner: RuleRunner | undefined;
  #now: Instant | undefined;
  /** The rules are to begin before the next event. */
  #begins = true;
  #from: EpochMs | undefined;
  /** Of the latest event, as it is known now. */
  #time: EpochMs = 0;
  #gaps = 0;
  #wakeups = 0;

  constructor(program: Program, rule: RuleId) {
    this.#program = program;
    this.#rule = rule;
    const now = (): Instant => this.#now ?? { wall: 0, monotonic: 0, bootId: "", trust: "untrusted" };
    this.#world = {
      get now() {
        return now();
      },
      read: (thing, property) => this.#values.get(`${thing}/${property}`),
      availability: (thing) => this.#availability.get(thing),
    };
  }

  meet(event: JournalEvent): void {
    if (event.kind === "gap") {
      this.#gaps++;
      return;
    }
    if (event.kind === "known-thing") this.#availability.set(event.what.thing.id, event.what.availability);
    else if (event.kind === "known-reading") this.#know(event.what, undefined);
    else {
      if (event.kind !== "start") this.#begin(event.at);
      this.#moveTo(event.at);
      this.#from ??= event.time;
      this.#happen(event);
    }
    this.#now ??= event.at;
    this.#time = event.time;
  }

  /** Time passes until then, and the rule is looked at. */
  lookAt(at: EpochMs): PastRule | undefined {
    const last = this.#now;
    if (last === undefined) return undefined;
    this.#begin(last);
    const passed = Math.max(0, at - this.#time);
    this.#moveTo({ ...last, wall: last.wall + passed, monotonic: last.monotonic + passed });
    const explanation = this.#runner?.explain(this.#rule, this.#world);
    if (explanation === undefined) return undefined;
    return { explanation, traces: this.#traces, from: this.#from ?? at, gaps: this.#gaps };
  }

  #happen(event: JournalEvent): void {
    switch (event.kind) {
      case "start":
        this.#begins = true;
        break;
      case "reading":
      case "quality":
        this.#know(event.what, event.at);
        this.#send({ kind: "reading", reading: event.what });
        break;
      case "thing":
        this.#availability.set(event.what.thing.id, event.what.availability);
        break;
      case "availability":
        this.#availability.set(event.what.id, event.what.availability);
        this.#send({ kind: "availability", thing: event.what.id, to: event.what.availability });
        break;
      case "event":
        this.#send({ kind: "occurrence", event: event.what });
        break;
      case "clock":
        this.#send({ kind: "clock", ...event.what });
        break;
    }
  }

  #know(
    {
      property,
      quality,
      thing,
      value,
    }: { property: string; thing: ThingId } & Pick<Observation, "quality" | "value">,
    at: Instant | undefined,
  ): void {
    const key = `${thing}/${property}`;
    const before = this.#values.get(key);
    const since = before !== undefined && jsonEqual(before.value, value) ? before.since : at;
    this.#values.set(key, { value, quality, ...(since === undefined ? {} : { since }) });
  }

  #begin(at: Instant): void {
    if (!this.#begins) return;
    this.#begins = false;
    this.#now = at;
    const first = this.#runner === undefined;
    this.#runner = new RuleRunner(this.#program, this.#runner?.states ?? []);
    // A record that begins is no start of the gateway.
    if (first) this.#runner.takeUp(this.#world);
    this.#send({ kind: "start" });
  }

  /** What is due until then happens when it was due. */
  #moveTo(at: Instant): void {
    const before = this.#now;
    const runner = this.#runner;
    if (before !== undefined && runner !== undefined && at.bootId === before.bootId) {
      for (;;) {
        const due = runner.nextWakeup;
        if (due === undefined || due > at.monotonic || ++this.#wakeups > MOST_WAKEUPS) break;
        const passed = Math.max(0, due - before.monotonic);
        this.#now = { ...before, wall: before.wall + passed, monotonic: before.monotonic + passed };
        this.#send({ kind: "wakeup" });
      }
    }
    this.#now = at;
  }

  #send(event: RuleEvent): void {
    const result = this.#runner?.handle(event, this.#world);
    for (const { rule, trace } of result?.traces ?? []) if (rule === this.#rule) this.#traces.push(trace);
  }
}
