import {
  type Availability,
  type EpochMs,
  type Instant,
  type Json,
  jsonEqual,
  type Ms,
  type Reading,
  type Thing,
  type ThingEvent,
} from "@tram/protocol";
import type { HouseView } from "../house-view.ts";
import type { Placing } from "../placing.ts";
import type { Program } from "../program.ts";
import { type ActionOf, describeEffect } from "./deeds.ts";
import { type Deed, RunawayError, VirtualHouse } from "./virtual-house.ts";

/** What happened in a house, as far as its rules are concerned. */
export type Recorded = { readonly at: Instant } & (
  | { readonly kind: "start" }
  /** A Thing as it is described, or `known` from before. */
  | {
      readonly kind: "thing";
      readonly thing: Thing;
      readonly availability?: Availability | undefined;
      readonly placing?: Placing | undefined;
      readonly known?: boolean;
    }
  | { readonly kind: "retired"; readonly id: string }
  | { readonly kind: "reading"; readonly reading: Reading; readonly known?: boolean }
  | { readonly kind: "availability"; readonly id: string; readonly to: Availability }
  /** Something happened at a Thing that is no state of it. */
  | { readonly kind: "occurrence"; readonly event: ThingEvent }
  | { readonly kind: "clock"; readonly stepMs: Ms }
  /** The first that is heard of a command, and of a notification. */
  | { readonly kind: "done"; readonly action: ActionOf; readonly commandId?: string }
  | { readonly kind: "gap" }
  | { readonly kind: "other" }
);

/** Rules that the record is played to. */
export interface Side {
  readonly compile: (house: HouseView, previous: Program | undefined) => Program;
}

/** Something that rules did in a replay, or had done in the record. */
export interface Action {
  /** On the wall clock of the record. */
  readonly at: EpochMs;
  readonly rule: string;
  /** `pump/relay/on = false`. */
  readonly text: string;
}

/** What rules did, and how often. */
export interface Part {
  readonly actions: readonly Action[];
  /** Actions that are not among them any more: they were too many. */
  readonly dropped: number;
  /** Why the rules came to an end before the record did. */
  readonly failure?: string;
}

const MAX_ACTIONS = 100_000;
/** Commands of rules whose answers may still come. */
const MAX_REMEMBERED = 10_000;

/**
 * Plays what was recorded of a house to rules, on the clock of the record.
 *
 * What the recorded rules did to their devices is no part of it: a reading that answers a command of theirs is left
 * out, and the commands that the played rules give are answered by the devices at once. What a device reports again and
 * again counts as news where it changed in the record; elsewhere it reports what the played rules made of it.
 */
export class Replay {
  readonly #sides: readonly Playing[];
  readonly #recorded = new ActionList();
  readonly #ofRules = new Set<string>();
  #events = 0;
  #readings = 0;
  #gaps = 0;
  #first: EpochMs | undefined;
  #last: EpochMs | undefined;

  constructor(sides: readonly Side[]) {
    this.#sides = sides.map((side) => new Playing(side));
  }

  /** The next event of the record. */
  meet(event: Recorded): void {
    this.#events++;
    this.#first ??= event.at.wall;
    this.#last = event.at.wall;
    if (event.kind === "gap") this.#gaps++;
    if (event.kind === "done") this.#remember(event.action, event.commandId);
    if (event.kind === "reading" && event.known !== true) {
      this.#readings++;
      const { cause } = event.reading;
      if (cause !== undefined && this.#ofRules.has(cause.commandId)) {
        for (const side of this.#sides) side.leaveOut(event.at, event.reading);
        return;
      }
    }
    for (const side of this.#sides) side.meet(event);
  }

  /** The record ends: what is due until then happens still. */
  until(wall: EpochMs): void {
    for (const side of this.#sides) side.until(wall);
  }

  /** What the rules of each side did so far, in the order of the sides. */
  get played(): readonly Part[] {
    return this.#sides.map((side) => side.part);
  }

  /** What the rules had done when it was recorded. */
  get recorded(): Part {
    return this.#recorded.part;
  }

  get facts(): { events: number; readings: number; gaps: number; from?: EpochMs; to?: EpochMs } {
    const span = this.#first === undefined ? {} : { from: this.#first, to: this.#last ?? this.#first };
    return { events: this.#events, readings: this.#readings, gaps: this.#gaps, ...span };
  }

  #remember(action: ActionOf, commandId: string | undefined): void {
    if (action.rule === undefined) return;
    if (commandId !== undefined) {
      if (this.#ofRules.has(commandId)) return;
      this.#ofRules.add(commandId);
      const [oldest] = this.#ofRules;
      if (this.#ofRules.size > MAX_REMEMBERED && oldest !== undefined) this.#ofRules.delete(oldest);
    }
    this.#recorded.add({ at: action.at, rule: action.rule, text: action.text });
  }
}

class ActionList {
  readonly #actions: Action[] = [];
  #dropped = 0;

  add(action: Action): void {
    if (this.#actions.length < MAX_ACTIONS) this.#actions.push(action);
    else this.#dropped++;
  }

  get part(): Part {
    return { actions: this.#actions, dropped: this.#dropped };
  }
}

/** One house that the record is played to. */
class Playing {
  readonly #side: Side;
  readonly #list = new ActionList();
  /** Properties that are otherwise than in the record, with what the record says last. */
  readonly #diverged = new Map<string, Json>();
  #house: VirtualHouse | undefined;
  /** What is known is still to come before the rules begin. */
  #beginsAt: Instant | undefined;
  #failure: string | undefined;

  constructor(side: Side) {
    this.#side = side;
  }

  get part(): Part {
    return { ...this.#list.part, ...(this.#failure === undefined ? {} : { failure: this.#failure }) };
  }

  meet(event: Recorded): void {
    this.#attempt(() => this.#meet(event));
  }

  until(wall: EpochMs): void {
    const house = this.#house;
    if (house !== undefined) this.#attempt(() => house.advance(Math.max(0, wall - house.clock.wall)));
  }

  #attempt(work: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof RunawayError)) throw error;
      this.#failure = error.message;
    }
  }

  /** A reading that answers a command of the recorded rules: only its time counts. */
  leaveOut(at: Instant, { property, thing, value }: Reading): void {
    this.meet({ kind: "other", at });
    this.#diverged.set(`${thing}/${property}`, value);
  }

  #meet(event: Recorded): void {
    const house = this.#houseAt(event.at);
    if (event.kind === "start" || event.at.bootId !== house.clock.bootId) {
      this.#beginsAt = event.at;
      if (event.kind === "start") return;
    }
    if ((event.kind === "thing" || event.kind === "reading") && event.known === true) {
      if (event.kind === "thing") {
        house.announce(event.thing, event.placing);
        if (event.availability !== undefined) house.knowAvailability(event.thing.id, event.availability);
      } else house.know(event.reading.thing, event.reading.property, event.reading);
      return;
    }
    if (this.#beginsAt !== undefined && event.kind !== "gap") {
      house.startAgain(this.#beginsAt);
      this.#beginsAt = undefined;
    }
    if (event.kind === "clock") {
      house.advanceTo(event.at.monotonic);
      house.step(event.stepMs, event.at.trust);
    }
    house.follow(event.at);
    if (event.kind === "reading") house.observe(this.#asItIs(event.reading, house));
    else if (event.kind === "thing") house.announce(event.thing, event.placing);
    else if (event.kind === "retired") house.retire(event.id);
    else if (event.kind === "availability") house.becomes(event.id, event.to);
    else if (event.kind === "occurrence") house.meet({ kind: "occurrence", event: event.event });
  }

  #houseAt(at: Instant): VirtualHouse {
    if (this.#house !== undefined) return this.#house;
    this.#beginsAt = at;
    this.#house = new VirtualHouse({
      compile: this.#side.compile,
      wall: at.wall,
      trust: at.trust,
      listener: { deed: (deed) => this.#note(deed) },
    });
    this.#house.clock.follow(at);
    return this.#house;
  }

  #note({ effect, wall }: Deed): void {
    this.#list.add({ at: wall, rule: effect.rule, text: describeEffect(effect) });
    if (effect.kind !== "set") return;
    const key = `${effect.thing}/${effect.property}`;
    const known = this.#house?.read(effect.thing, effect.property);
    if (!this.#diverged.has(key)) this.#diverged.set(key, known?.value ?? null);
  }

  /** A device that reports again what it is reports what it is here. */
  #asItIs(reading: Reading, house: VirtualHouse): Reading {
    if (this.#diverged.size === 0) return reading;
    const key = `${reading.thing}/${reading.property}`;
    const last = this.#diverged.get(key);
    if (last === undefined) return reading;
    if (!jsonEqual(last, reading.value)) {
      this.#diverged.delete(key);
      return reading;
    }
    const own = house.read(reading.thing, reading.property);
    return own === undefined ? reading : { ...reading, value: own.value };
  }
}
