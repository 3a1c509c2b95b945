import {
  type Availability,
  type Cause,
  type ClockTrust,
  type CommandId,
  type EpochMs,
  type Instant,
  isAway,
  type Json,
  jsonEqual,
  type Ms,
  type PropertyKey,
  type Quality,
  type Reading,
  type RuleId,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import type { Control, Effect, Observation, RuleEvent, StepResult, Trace, World } from "../events.ts";
import type { HouseView } from "../house-view.ts";
import { membersOf, type Placing } from "../placing.ts";
import type { Program } from "../program.ts";
import { RuleRunner } from "../rule-runner.ts";
import type { RuleState } from "../rule-state.ts";
import { type Answer, type Reply, replyTo } from "./answers.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Events that may follow each other while no time passes; more is a circle. */
const MAX_STILL_EVENTS = 10_000;

/** Something that the rules did. */
export interface Deed {
  /** Real time since the house began. */
  readonly at: Ms;
  /** What the wall clock showed. */
  readonly wall: EpochMs;
  readonly effect: Effect;
}

export interface HouseListener {
  readonly deed?: (deed: Deed) => void;
  readonly trace?: (rule: RuleId, trace: Trace) => void;
  /** Before the rules meet it. */
  readonly event?: (event: RuleEvent) => void;
}

export interface VirtualHouseOptions {
  /** Compiles the rules against the Things; called again when those change. */
  readonly compile: (house: HouseView, previous: Program | undefined) => Program;
  readonly things?: Iterable<Thing>;
  readonly placings?: ReadonlyMap<string, Placing>;
  readonly wall: EpochMs;
  readonly trust?: ClockTrust;
  /** What the world outside does with what rules want. Default: everything is done at once. */
  readonly answer?: (effect: Effect) => Answer;
  /** So long after a start of the gateway its devices are heard again; never when undefined. */
  readonly comeBackMs?: Ms | undefined;
  readonly listener?: HouseListener;
  /** Rebuild the runner from what was kept as JSON, after every event. */
  readonly crashing?: boolean;
}

/** The rules went round in a circle: so many events came while no time passed. */
export class RunawayError extends Error {
  readonly code = "runaway";
  constructor() {
    super(`the rules went round in a circle: more than ${MAX_STILL_EVENTS} events while no time passed`);
    this.name = "RunawayError";
  }
}

/** Something of the world outside that is still to come. */
interface Coming {
  readonly at: Ms;
  readonly happen: () => void;
}

/**
 * A gateway that exists only as numbers, around real rules: its clocks, what its Things last reported, and Things that
 * do what they are told. Nothing happens by itself and nothing is random: time passes when `advance` is called.
 *
 * It begins with `start`, which comes before anything else. Throws a `RunawayError` when rules and Things drive each
 * other without an end.
 */
export class VirtualHouse {
  readonly clock: VirtualClock;
  readonly #options: VirtualHouseOptions;
  readonly #things: Map<string, Thing>;
  readonly #shadow = new Map<string, Map<string, Observation>>();
  readonly #placings: Map<string, Placing>;
  readonly #availability = new Map<string, Availability>();
  readonly #bridges = new Map<string, boolean>();
  readonly #states = new Map<RuleId, RuleState>();
  readonly #world: World;
  #coming: Coming[] = [];
  #program: Program | undefined;
  #runner: RuleRunner | undefined;
  #nextWakeup: Ms | undefined;
  #stale = false;
  #commands = 0;
  #still = { at: -1, events: 0 };

  constructor(options: VirtualHouseOptions) {
    this.#options = options;
    this.#things = new Map([...(options.things ?? [])].map((thing) => [thing.id, thing]));
    this.#placings = new Map(options.placings);
    this.clock = new VirtualClock(options.wall, options.trust);
    const now = (): Instant => this.clock.instant;
    this.#world = {
      get now() {
        return now();
      },
      read: (thing, property) => this.#shadow.get(thing)?.get(property),
      availability: (thing) => this.availability(thing),
      online: (provider) => this.#online(provider),
    };
  }

  /** Compiled anew when Things came or went. */
  get program(): Program {
    if (this.#program === undefined || this.#stale) {
      this.#stale = false;
      const house: HouseView = {
        thing: (id) => this.#things.get(id),
        members: (selector) => membersOf(this.#placings, selector),
      };
      this.#program = this.#options.compile(house, this.#program);
      this.#runner?.replaceProgram(this.#program);
    }
    return this.#program;
  }

  get world(): World {
    return this.#world;
  }

  /** When the rules want to be woken, on the monotonic clock. */
  get nextWakeup(): Ms | undefined {
    return this.#nextWakeup;
  }

  state(id: string): RuleState | undefined {
    return this.#states.get(id as RuleId);
  }

  get states(): ReadonlyMap<RuleId, RuleState> {
    return this.#states;
  }

  read(thing: string, property: string): Observation | undefined {
    return this.#shadow.get(thing)?.get(property);
  }

  /** `undefined` of a Thing that nobody knows. */
  availability(thing: string): Availability | undefined {
    return this.#availability.get(thing) ?? (this.#things.has(thing) ? "ready" : undefined);
  }

  status(rule: string): { readonly enabled: boolean; readonly running: boolean } | undefined {
    return this.#runner?.status(rule as RuleId);
  }

  /** Known before anything happens. Rules are not told. */
  know(thing: string, property: string, { quality, value }: Observation): void {
    let values = this.#shadow.get(thing);
    if (values === undefined) {
      values = new Map();
      this.#shadow.set(thing, values);
    }
    const before = values.get(property);
    const same = before !== undefined && (before.value === value || jsonEqual(before.value, value));
    values.set(property, { value, quality, since: (same ? before.since : undefined) ?? this.clock.instant });
  }

  /** The gateway begins. */
  start(): void {
    this.#boot();
    this.#settle();
  }

  /** A device reports. */
  report(
    thing: string,
    property: string,
    value: Json,
    { cause, quality = "good" }: { readonly cause?: Cause; readonly quality?: Quality } = {},
  ): void {
    this.#tell(thing, property, { value, quality }, { cause });
    this.#settle();
  }

  /** What a device reported, as it was recorded: with its times and its origin. */
  observe(reading: Reading): void {
    this.know(reading.thing, reading.property, reading);
    this.send({ kind: "reading", reading });
    this.#settle();
  }

  /** Time passes as it was recorded: what is due until then happens, and the clocks show what they showed. */
  follow(at: Instant): void {
    if (at.bootId === this.clock.bootId) this.advanceTo(at.monotonic);
    this.clock.follow(at);
  }

  /** A Thing is heard, or not any more: then what is known of it is stale. */
  reach(thing: string, to: Availability): void {
    const away = this.#isAway(thing);
    this.becomes(thing, to);
    if (away !== isAway(to)) this.#requalify(thing, away ? "good" : "stale");
    this.#settle();
  }

  /** As `reach`, of a record that tells itself what became stale. */
  becomes(thing: string, to: Availability): void {
    this.#availability.set(thing, to);
    this.meet({ kind: "availability", thing: thing as ThingId, to });
  }

  /** Known before anything happens. Rules are not told. */
  knowAvailability(thing: string, availability: Availability): void {
    this.#availability.set(thing, availability);
  }

  /** Something happens that is not about a value: the rules meet it, and what follows at once. */
  meet(event: RuleEvent): void {
    if (event.kind === "bridge") this.#bridges.set(event.provider, event.online);
    this.send(event);
    this.#settle();
  }

  /** Somebody takes a hand in a rule. */
  control(rule: string, control: Control): void {
    this.meet({ kind: "control", rule: rule as RuleId, control });
  }

  /** A Thing came, or is described anew. Rules are compiled before they meet the next event. */
  announce(thing: Thing, placing?: Placing): void {
    this.#things.set(thing.id, thing);
    if (placing !== undefined) this.#placings.set(thing.id, placing);
    this.#stale = true;
  }

  retire(id: string): void {
    this.#things.delete(id);
    this.#availability.delete(id);
    this.#shadow.delete(id);
    this.#stale = true;
  }

  /** Time passes; what is due happens when it is due, what comes from outside before what the rules wait for. */
  advance(durationMs: Ms): void {
    this.advanceTo(this.clock.monotonic + durationMs);
  }

  /** As `advance`, to a point on the monotonic clock; one that has passed lets nothing but what is due happen. */
  advanceTo(end: Ms): void {
    for (;;) {
      const coming = this.#coming[0];
      const wakeup = this.#nextWakeup;
      const due = Math.min(coming?.at ?? Number.POSITIVE_INFINITY, wakeup ?? Number.POSITIVE_INFINITY);
      if (due > Math.max(end, this.clock.monotonic)) break;
      this.clock.pass(Math.max(0, due - this.clock.monotonic));
      if (coming !== undefined && coming.at <= due) {
        this.#coming.shift();
        coming.happen();
      } else this.send({ kind: "wakeup" });
    }
    this.clock.pass(Math.max(0, end - this.clock.monotonic));
  }

  /** The wall clock is set, or is believed otherwise. */
  step(stepMs: Ms, trust: ClockTrust = this.clock.trust): void {
    this.clock.step(stepMs, trust);
    this.send({ kind: "clock", stepMs, trust });
    this.#settle();
  }

  /** The process dies and comes back at once. */
  restart(): void {
    this.#comeBack();
  }

  /** The machine is off for so long. */
  powerCut(offMs: Ms, trust: ClockTrust = this.clock.trust): void {
    const before = this.clock.monotonic;
    this.clock.boot(offMs, trust);
    // Commands without an answer are sent again.
    this.#coming = this.#coming.map(({ at, happen }) => ({
      at: this.clock.monotonic + Math.max(0, at - before),
      happen,
    }));
    this.#comeBack();
  }

  /** A recorded gateway started at this moment. Its devices are heard when the record says so. */
  startAgain(at: Instant): void {
    // Not `follow`: nobody knows when the process ended before, and what was due since is due now.
    this.clock.follow(at);
    this.#coming = [];
    for (const thing of this.#shadow.keys()) this.#stain(thing);
    this.start();
  }

  /** The rules meet an event now. */
  send(event: RuleEvent): StepResult | undefined {
    const { program } = this; // Compiled before the runner is asked.
    const runner = this.#runner;
    if (runner === undefined || program === undefined) return undefined;
    this.#countStill();
    if (runner.program !== program) runner.replaceProgram(program);
    this.#options.listener?.event?.(event);
    const result = runner.handle(event, this.#world);
    for (const [id, state] of result.changed) {
      if (state === undefined) this.#states.delete(id);
      else this.#states.set(id, state);
    }
    this.#nextWakeup = result.nextWakeup;
    const { listener } = this.#options;
    if (listener?.trace !== undefined) {
      for (const { rule, trace } of result.traces) listener.trace(rule, trace);
    }
    for (const effect of result.effects) this.#carryOut(effect);
    if (this.#options.crashing === true && event.kind !== "start") this.#boot();
    return result;
  }

  #boot(): void {
    this.#runner = new RuleRunner(this.program, this.#restored());
    this.send({ kind: "start" });
  }

  #settle(): void {
    this.advanceTo(this.clock.monotonic);
  }

  #tell(
    thing: string,
    property: string,
    { quality, value }: Observation,
    { cause, chain }: { readonly cause?: Cause | undefined; readonly chain?: readonly RuleId[] } = {},
  ): void {
    this.know(thing, property, { value, quality });
    const time = this.clock.wall;
    this.send({
      kind: "reading",
      reading: {
        thing: thing as ThingId,
        property: property as PropertyKey,
        value,
        quality,
        time,
        receivedAt: time,
        origin: "device",
        ...(cause === undefined ? {} : { cause }),
      },
      ...(chain === undefined ? {} : { chain }),
    });
  }

  #requalify(thing: string, quality: Quality): void {
    for (const [property, { value }] of this.#shadow.get(thing) ?? []) {
      if (!this.#isMomentary(thing, property)) this.#tell(thing, property, { value, quality });
    }
  }

  #stain(thing: string): void {
    for (const [property, { value }] of this.#shadow.get(thing) ?? []) {
      this.know(thing, property, { value, quality: "stale" });
    }
  }

  #comeBack(): void {
    for (const thing of this.#shadow.keys()) this.#stain(thing);
    this.start();
    const { comeBackMs } = this.#options;
    if (comeBackMs === undefined) return;
    this.#later(comeBackMs, () => {
      for (const thing of this.#shadow.keys()) if (!this.#isAway(thing)) this.#requalify(thing, "good");
    });
    this.#settle();
  }

  #carryOut(effect: Effect): void {
    const { answer, listener } = this.#options;
    listener?.deed?.({ at: this.clock.elapsedMs, wall: this.clock.wall, effect });
    const outside = {
      things: this.#things,
      availability: (thing: string) => this.availability(thing),
      answer: answer ?? (() => ({ kind: "confirm", afterMs: 0 }) as const),
    };
    const reply = replyTo(effect, outside, `command-${++this.#commands}` as CommandId);
    if (reply.outcome.state === "refused") this.#noteRefusal(effect.rule, reply);
    if (reply.report === undefined && !effect.awaited) return;
    this.#later(reply.afterMs, () => this.#takeReply(effect, reply));
  }

  #takeReply({ awaited, id, rule }: Effect, { outcome, report }: Reply): void {
    if (report !== undefined) {
      const { property, thing, value } = report;
      if (this.#isAway(thing)) return;
      this.#tell(thing, property, { value, quality: "good" }, report);
    }
    if (awaited) this.send({ kind: "outcome", rule, effect: id, outcome });
  }

  /** As the daemon does in the rule's diary. */
  #noteRefusal(rule: RuleId, { outcome }: Reply): void {
    const detail = `the command was refused: ${outcome.detail ?? ""}`;
    this.#options.listener?.trace?.(rule, {
      time: this.clock.wall,
      trigger: "",
      outcome: "failed",
      detail,
      checks: [],
    });
  }

  #isAway(thing: string): boolean {
    const availability = this.#availability.get(thing);
    return availability !== undefined && isAway(availability);
  }

  #online(provider: string | undefined): boolean | undefined {
    if (provider !== undefined) return this.#bridges.get(provider);
    return this.#bridges.size === 0 ? undefined : [...this.#bridges.values()].includes(true);
  }

  #later(afterMs: Ms, happen: () => void): void {
    const at = this.clock.monotonic + afterMs;
    const place = this.#coming.findIndex((other) => other.at > at);
    this.#coming.splice(place < 0 ? this.#coming.length : place, 0, { at, happen });
  }

  #isMomentary(thing: string, property: string): boolean {
    return this.#things.get(thing)?.properties[property]?.momentary === true;
  }

  #restored(): (readonly [RuleId, RuleState])[] {
    return [...this.#states].map(([id, state]) => [id, JSON.parse(JSON.stringify(state)) as RuleState]);
  }

  #countStill(): void {
    const { elapsedMs } = this.clock;
    if (this.#still.at !== elapsedMs) this.#still = { at: elapsedMs, events: 0 };
    if (++this.#still.events > MAX_STILL_EVENTS) throw new RunawayError();
  }
}
