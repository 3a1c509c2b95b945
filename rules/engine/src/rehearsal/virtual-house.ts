import {
  type Cause,
  type ClockTrust,
  type CommandId,
  checkValue,
  type EpochMs,
  type Instant,
  type Json,
  type Ms,
  type PropertyKey,
  type Quality,
  type Reading,
  type RuleId,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import type { Effect, Observation, RuleEvent, StepResult, Trace, World } from "../events.ts";
import type { HouseView } from "../house-view.ts";
import type { Program } from "../program.ts";
import { RuleRunner } from "../rule-runner.ts";
import type { RuleState } from "../rule-state.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Commands that may lead to each other, as the command service of the gateway has it. */
const MAX_CAUSE_DEPTH = 8;
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

/** What a Thing does with a command. */
export type Answer =
  | { readonly kind: "confirm"; readonly afterMs: Ms }
  /** It takes it and reports nothing, or is not reached. */
  | { readonly kind: "silent" }
  | { readonly kind: "refuse"; readonly reason: string };

export type SetEffect = Extract<Effect, { readonly kind: "set" }>;

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
  readonly wall: EpochMs;
  readonly trust?: ClockTrust;
  /** How a Thing answers a command. Default: each confirms at once. */
  readonly answer?: (command: SetEffect) => Answer;
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
  readonly #away = new Set<string>();
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
    this.clock = new VirtualClock(options.wall, options.trust);
    const now = (): Instant => this.clock.instant;
    this.#world = {
      get now() {
        return now();
      },
      read: (thing, property) => this.#shadow.get(thing)?.get(property),
    };
  }

  /** Compiled anew when Things came or went. */
  get program(): Program {
    if (this.#program === undefined || this.#stale) {
      this.#stale = false;
      const house = { thing: (id: ThingId) => this.#things.get(id) };
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

  /** Known before anything happens. Rules are not told. */
  know(thing: string, property: string, observation: Observation): void {
    let values = this.#shadow.get(thing);
    if (values === undefined) {
      values = new Map();
      this.#shadow.set(thing, values);
    }
    values.set(property, observation);
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
    this.#tell(thing, property, { value, quality }, cause);
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

  /** A Thing is not heard any more: what is known of it is stale. */
  lose(thing: string): void {
    this.#away.add(thing);
    this.#requalify(thing, "stale");
  }

  /** A Thing is heard again, as it was. */
  find(thing: string): void {
    this.#away.delete(thing);
    this.#requalify(thing, "good");
  }

  /** A Thing came, or is described anew. Rules are compiled before they meet the next event. */
  announce(thing: Thing): void {
    this.#things.set(thing.id, thing);
    this.#stale = true;
  }

  retire(id: string): void {
    this.#things.delete(id);
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

  #tell(thing: string, property: string, observation: Observation, cause?: Cause): void {
    this.know(thing, property, observation);
    const time = this.clock.wall;
    this.send({
      kind: "reading",
      reading: {
        thing: thing as ThingId,
        property: property as PropertyKey,
        ...observation,
        time,
        receivedAt: time,
        origin: "device",
        ...(cause === undefined ? {} : { cause }),
      },
    });
  }

  #requalify(thing: string, quality: Quality): void {
    for (const [property, { value }] of this.#shadow.get(thing) ?? []) {
      if (!this.#isMomentary(thing, property)) this.#tell(thing, property, { value, quality });
    }
    this.#settle();
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
      for (const thing of this.#shadow.keys()) if (!this.#away.has(thing)) this.#requalify(thing, "good");
    });
    this.#settle();
  }

  #carryOut(effect: Effect): void {
    const { listener } = this.#options;
    listener?.deed?.({ at: this.clock.elapsedMs, wall: this.clock.wall, effect });
    if (effect.kind !== "set") return;
    const { cause, property, thing } = effect;
    const depth = (cause?.depth ?? 0) + 1;
    const affordance = this.#things.get(thing)?.properties[property];
    const checked = affordance === undefined ? undefined : checkValue(affordance, effect.value);
    const answer = this.#answerTo(effect, depth, checked?.ok === false ? checked.problem : undefined);
    if (answer.kind === "refuse") {
      listener?.trace?.(effect.rule, {
        time: this.clock.wall,
        trigger: "",
        outcome: "failed",
        detail: `the command was refused: ${answer.reason}`,
        checks: [],
      });
      return;
    }
    if (answer.kind === "silent" || affordance?.writeOnly === true) return;
    const commandId = `command-${++this.#commands}` as CommandId;
    const value = checked?.ok === true ? checked.value : effect.value;
    this.#later(answer.afterMs, () => {
      if (!this.#away.has(thing))
        this.#tell(thing, property, { value, quality: "good" }, { commandId, depth });
    });
  }

  #answerTo(effect: SetEffect, depth: number, misfit: string | undefined): Answer {
    if (depth > MAX_CAUSE_DEPTH)
      return { kind: "refuse", reason: `more than ${MAX_CAUSE_DEPTH} commands led to each other` };
    if (misfit !== undefined) return { kind: "refuse", reason: misfit };
    if (this.#away.has(effect.thing)) return { kind: "refuse", reason: `${effect.thing} is not available` };
    return this.#options.answer?.(effect) ?? { kind: "confirm", afterMs: 0 };
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
