import {
  type Command,
  type EpochMs,
  elapsedMs,
  formatDuration,
  type Instant,
  isAway,
  type Json,
  jsonEqual,
  type Ms,
  type Origin,
  type PropertyAffordance,
  type PropertyKey,
  type Reading,
  type ThingId,
} from "@tram/protocol";
import type { Bus } from "../bus.ts";
import type { CommandGuard, Commands } from "../commands/commands.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { Registry } from "../registry/registry.ts";
import type { Unit } from "../unit.ts";
import { type Guarded, isMachine, keyOf } from "./guarded.ts";
import { type GuardedState, readGuardedState } from "./guarded-state.ts";
import type { Presence } from "./presence.ts";

const TABLE = "safety";
/** A device that does not obey is told again. In milliseconds. */
export const INSIST_MS: Ms = 30_000;
/** After a restart clients and sensors have so long to come back. In milliseconds. */
export const RETURN_MS: Ms = 60_000;
/** A value that was asked for so recently is no decision at the device, though its confirmation came late. */
const ECHO_MS: Ms = 120_000;

export interface SafeActuatorsParts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly commands: Commands;
  readonly presence: Presence;
  /** Opens a unit for what nobody waits for. Never rejects. */
  readonly record: (work: (unit: Unit) => void) => Promise<void>;
}

/** What people are shown of a property. */
export interface SafetyView {
  /** When this was said, on the wall clock. */
  readonly now: EpochMs;
  /** When the gateway will set the safe value, in milliseconds from now. */
  readonly stopsInMs?: Ms;
  readonly restsForMs?: Ms;
  readonly heldForMs?: Ms;
  readonly heldBy?: Origin;
}

/**
 * Keeps actuators safe beneath rules, clouds and clients: a pump stops after its longest time whatever wants it to run,
 * a heater goes off when the sensor behind its rule is lost, and machines keep their hands off what a person has just
 * set. Commands to the safe value always pass.
 */
export class SafeActuators implements Disposable {
  readonly #parts: SafeActuatorsParts;
  readonly #guarded = new Map<string, Guarded>();
  readonly #subscriptions: readonly Disposable[];
  /** Things whose safe values at the start have been looked after. */
  readonly #started = new Set<ThingId>();
  /** Not while those who gave commands before a restart are on their way back. */
  #looking = true;
  #returning: Disposable | undefined;
  #closed = false;

  constructor(parts: SafeActuatorsParts) {
    this.#parts = parts;
    const { bus } = parts;
    this.#subscriptions = [
      bus.on("command", (command, unit) => this.#onCommand(command, unit)),
      bus.on("reading", ({ reading, previous }, unit) => this.#onReading(reading, previous, unit)),
      bus.on("quality", (_event, unit) => unit.after(() => this.#lookForSources())),
      bus.on("availability", ({ record }, unit) => {
        if (!isAway(record.availability)) this.#onThere(record.thing.id as ThingId, unit);
        unit.after(() => this.#lookForSources());
      }),
      bus.on("thing", ({ thing }, unit) => unit.after(() => this.#onDescribed(thing.id as ThingId))),
      bus.on("retired", ({ id }, unit) => this.#forget(id, unit)),
      parts.presence.onChange(() => this.#lookForSources()),
    ];
    parts.commands.guardWith(this.#guard);
  }

  /** Takes up what was under way when the gateway stopped. The Things must be known. */
  async restore(store: Store): Promise<void> {
    for (const [key, stored] of await store.entries(TABLE)) {
      const [thing, ...property] = key.split("/");
      const guarded = this.#of(thing as ThingId, property.join("/") as PropertyKey);
      guarded.state = readGuardedState(stored);
      this.#arm(guarded);
    }
    if (this.#guarded.size === 0) return;
    this.#looking = false;
    this.#returning = this.#parts.clock.after(RETURN_MS, () => {
      this.#looking = true;
      this.#lookForSources();
    });
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#returning?.[Symbol.dispose]();
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    for (const { timer } of this.#guarded.values()) timer?.[Symbol.dispose]();
  }

  /** What holds for a property now. @returns undefined where nothing does. */
  view(thing: ThingId, property: PropertyKey): SafetyView | undefined {
    const guarded = this.#guarded.get(keyOf(thing, property));
    if (guarded === undefined) return undefined;
    const { hold } = guarded.state;
    const stopsInMs = this.#stopsInMs(guarded);
    const restsForMs = this.#left(guarded.state.rest);
    const heldForMs = this.#left(hold);
    const view = {
      ...(stopsInMs === undefined ? {} : { stopsInMs }),
      ...(restsForMs > 0 ? { restsForMs } : {}),
      ...(hold !== undefined && heldForMs > 0 ? { heldForMs, heldBy: hold.by } : {}),
    };
    return Object.keys(view).length === 0 ? undefined : { now: this.#parts.clock.now(), ...view };
  }

  /** A person lets machines have their way again. @returns false where nothing was held. */
  release(thing: ThingId, property: PropertyKey, unit: Unit): boolean {
    const guarded = this.#guarded.get(keyOf(thing, property));
    if (guarded === undefined || this.view(thing, property) === undefined) return false;
    const { hold: _hold, rest: _rest, ...state } = guarded.state;
    this.#change(guarded, state, unit);
    return true;
  }

  readonly #guard: CommandGuard = (request) => {
    if (!("property" in request.target) || !isMachine(request.origin)) return undefined;
    const { thing, value } = request;
    const { property } = request.target;
    const guarded = this.#guarded.get(keyOf(thing, property));
    const affordance = this.#affordance(thing, property);
    if (guarded === undefined || affordance === undefined) return undefined;
    if (affordance.safe !== undefined && jsonEqual(value, affordance.safe.value)) return undefined;
    const { hold, rest } = guarded.state;
    const heldForMs = affordance.hold === undefined ? 0 : this.#left(hold);
    if (heldForMs > 0) {
      const by = hold?.by.replace(/^api:/, "") ?? "";
      return {
        code: "held",
        reason: `set by ${by}; machines keep off for ${formatDuration(heldForMs)} more`,
      };
    }
    const restsForMs = affordance.safe === undefined ? 0 : this.#left(rest);
    if (restsForMs > 0) {
      return {
        code: "resting",
        reason: `it ran for as long as it may, and rests for ${formatDuration(restsForMs)} more`,
      };
    }
    return undefined;
  };

  #onCommand(command: Command, unit: Unit): void {
    if (!("property" in command.target)) return;
    const { thing, value, origin, state, because } = command;
    const { property } = command.target;
    const affordance = this.#affordance(thing, property);
    if (affordance === undefined || (affordance.safe === undefined && affordance.hold === undefined)) return;
    const guarded = this.#of(thing, property);
    // Accepted by us, or carried past us by the broker.
    if (state === "accepted" || (state === "sent" && command.endedAt !== undefined)) {
      const at = this.#parts.clock.monotonic();
      guarded.asked = { value, at, origin, ...(because === undefined ? {} : { because }) };
      if (!isMachine(origin) && origin !== "system") this.#holdFor(guarded, affordance, origin, unit);
    }
    // A device that reports nothing is believed to do what it was told.
    if (state === "sent" && affordance.writeOnly === true) {
      this.#onValue(guarded, affordance, value, unit);
    }
  }

  #onReading(reading: Reading, previous: Reading | undefined, unit: Unit): void {
    const { thing, property, value } = reading;
    const affordance = this.#affordance(thing, property);
    if (affordance?.safe === undefined && affordance?.hold === undefined) return;
    this.#onThere(thing, unit);
    if (reading.quality !== "good" || affordance.momentary === true) return;
    const guarded = this.#of(thing, property);
    const byHand =
      reading.cause === undefined && previous?.quality === "good" && !jsonEqual(previous.value, value);
    if (affordance.hold?.atDevice === true && byHand && !this.#wasAskedFor(guarded, value)) {
      this.#holdFor(guarded, affordance, "device", unit);
    }
    this.#onValue(guarded, affordance, value, unit);
  }

  #onValue(guarded: Guarded, affordance: PropertyAffordance, value: Json, unit: Unit): void {
    const { safe } = affordance;
    if (safe === undefined) return;
    const { away, ...state } = guarded.state;
    if (jsonEqual(value, safe.value)) {
      const { insisting } = guarded;
      guarded.insisting = false;
      guarded.told = false;
      delete guarded.sourceLost;
      if (away !== undefined) this.#change(guarded, state, unit);
      else if (insisting) this.#arm(guarded);
      return;
    }
    const asked = this.#wasAskedFor(guarded, value) ? guarded.asked : undefined;
    const by = asked?.origin ?? away?.by ?? "device";
    const because = asked === undefined ? away?.because : asked.because;
    if (
      away !== undefined &&
      away.by === by &&
      jsonEqual((away.because ?? null) as Json, (because ?? null) as Json)
    )
      return;
    const since = away?.since ?? this.#parts.clock.instant();
    this.#change(
      guarded,
      { ...state, away: { since, by, ...(because === undefined ? {} : { because }) } },
      unit,
    );
    unit.after(() => this.#lookForSources());
  }

  /** Its device is there for the first time since the start. */
  #onThere(thing: ThingId, unit: Unit): void {
    if (this.#started.has(thing)) return;
    this.#started.add(thing);
    for (const [key, affordance] of Object.entries(this.#parts.registry.thing(thing)?.properties ?? {})) {
      if (affordance.safe?.onStart !== "safe") continue;
      const property = key as PropertyKey;
      const known = this.#parts.registry.read(thing, property);
      if (known !== undefined && known.quality === "good" && jsonEqual(known.value, affordance.safe.value))
        continue;
      unit.after(() => this.#fallBack(this.#of(thing, property), "the gateway has started"));
    }
  }

  /** The description or the settings are other ones: what is safe now, and for how long? */
  #onDescribed(thing: ThingId): void {
    for (const [key, affordance] of Object.entries(this.#parts.registry.thing(thing)?.properties ?? {})) {
      if (affordance.safe === undefined && affordance.hold === undefined) continue;
      const guarded = this.#of(thing, key as PropertyKey);
      const known = this.#parts.registry.read(thing, guarded.property);
      if (known === undefined || known.quality === "bad" || affordance.momentary === true) continue;
      void this.#parts.record((unit) => this.#onValue(guarded, affordance, known.value, unit));
      this.#arm(guarded);
    }
  }

  #forget(thing: ThingId, unit: Unit): void {
    this.#started.delete(thing);
    for (const [key, guarded] of this.#guarded) {
      if (guarded.thing !== thing) continue;
      guarded.timer?.[Symbol.dispose]();
      this.#guarded.delete(key);
      unit.delete(TABLE, key);
    }
  }

  #holdFor(guarded: Guarded, { hold }: PropertyAffordance, by: Origin, unit: Unit): void {
    if (hold === undefined) return;
    // Whoever decides by hand decides about the rest as well.
    const { rest: _rest, ...state } = guarded.state;
    const since = this.#parts.clock.instant();
    this.#change(guarded, { ...state, hold: { since, ms: hold.holdMs, by } }, unit);
  }

  /** Looks whether those who asked for a dangerous value are still there. */
  #lookForSources(): void {
    if (!this.#looking || this.#closed) return;
    for (const guarded of this.#guarded.values()) {
      const { away } = guarded.state;
      if (away === undefined) continue;
      const lost = !this.#isThere(away);
      if (lost === (guarded.sourceLost !== undefined)) continue;
      if (lost) guarded.sourceLost = this.#parts.clock.instant();
      else delete guarded.sourceLost;
      this.#arm(guarded);
    }
  }

  #isThere({ because, by }: NonNullable<GuardedState["away"]>): boolean {
    const { presence, registry } = this.#parts;
    if (!presence.isPresent(by)) return false;
    if (because === undefined) return true;
    return registry.read(because.thing, because.property)?.quality === "good";
  }

  /** Plans the moment at which the safe value is due. */
  #arm(guarded: Guarded): void {
    guarded.timer?.[Symbol.dispose]();
    delete guarded.timer;
    if (this.#closed) return;
    if (guarded.insisting) {
      guarded.timer = this.#parts.clock.after(INSIST_MS, () => this.#insist(guarded));
      return;
    }
    const dueMs = this.#stopsInMs(guarded);
    if (dueMs === undefined) return;
    guarded.timer = this.#parts.clock.after(dueMs, () => this.#onDue(guarded));
  }

  /** @returns how long until the safe value is due; undefined where it never is. */
  #stopsInMs({ property, sourceLost, state: { away }, thing }: Guarded): Ms | undefined {
    const safe = this.#affordance(thing, property)?.safe;
    if (safe === undefined || away === undefined) return undefined;
    const now = this.#parts.clock.instant();
    const dues: Ms[] = [];
    if (safe.maxOnMs !== undefined) dues.push(safe.maxOnMs - elapsedMs(away.since, now));
    if (safe.onSourceLostMs !== undefined && sourceLost !== undefined)
      dues.push(safe.onSourceLostMs - elapsedMs(sourceLost, now));
    return dues.length === 0 ? undefined : Math.max(0, Math.min(...dues));
  }

  #onDue(guarded: Guarded): void {
    const safe = this.#affordance(guarded.thing, guarded.property)?.safe;
    const { away } = guarded.state;
    if (safe === undefined || away === undefined) return;
    const now = this.#parts.clock.instant();
    const ranMs = elapsedMs(away.since, now);
    if (safe.maxOnMs === undefined || ranMs < safe.maxOnMs) {
      this.#fallBack(guarded, `${away.by} is not there any more`);
      return;
    }
    const ms = safe.restMs ?? safe.maxOnMs;
    this.#fallBack(guarded, `it ran for ${formatDuration(safe.maxOnMs)}, the longest that it may`, {
      since: now,
      ms,
    });
  }

  #fallBack(guarded: Guarded, why: string, rest?: GuardedState["rest"]): void {
    const safe = this.#affordance(guarded.thing, guarded.property)?.safe;
    if (safe === undefined || this.#closed) return;
    guarded.insisting = true;
    void this.#parts.record((unit) => {
      // A hold gives way: nobody may hold what harms.
      const { hold: _hold, ...state } = guarded.state;
      this.#change(guarded, rest === undefined ? state : { ...state, rest }, unit);
      this.#command(guarded, safe.value, why, unit);
    });
  }

  /** The device has not done it: it is told again, and people are told. */
  #insist(guarded: Guarded): void {
    const safe = this.#affordance(guarded.thing, guarded.property)?.safe;
    if (safe === undefined || !guarded.insisting || this.#closed) return;
    const { bus, clock, record } = this.#parts;
    void record((unit) => {
      const { property, thing } = guarded;
      if (!guarded.told) {
        guarded.told = true;
        const text = `${thing}/${property} does not go to its safe value ${JSON.stringify(safe.value)}`;
        bus.emit("notification", { time: clock.now(), level: "alarm", text }, unit);
      }
      this.#command(guarded, safe.value, "it has not gone to its safe value yet", unit);
      this.#arm(guarded);
    });
  }

  #command({ property, thing }: Guarded, value: Json, why: string, unit: Unit): void {
    this.#parts.commands.submit({ thing, target: { property }, value, origin: "system", why }, unit);
  }

  #wasAskedFor({ asked }: Guarded, value: Json): boolean {
    if (asked === undefined || !jsonEqual(asked.value, value)) return false;
    return this.#parts.clock.monotonic() - asked.at <= ECHO_MS;
  }

  #left(span: { readonly since: Instant; readonly ms: Ms } | undefined): Ms {
    if (span === undefined) return 0;
    return Math.max(0, span.ms - elapsedMs(span.since, this.#parts.clock.instant()));
  }

  #change(guarded: Guarded, state: GuardedState, unit: Unit): void {
    const key = keyOf(guarded.thing, guarded.property);
    guarded.state = state;
    if (Object.keys(state).length === 0) unit.delete(TABLE, key);
    else unit.put(TABLE, key, state as unknown as Json);
    this.#arm(guarded);
    const { property, thing } = guarded;
    this.#parts.bus.emit("guarded", { thing, property }, unit);
  }

  #affordance(thing: ThingId, property: PropertyKey): PropertyAffordance | undefined {
    const properties = this.#parts.registry.thing(thing)?.properties;
    return properties !== undefined && Object.hasOwn(properties, property) ? properties[property] : undefined;
  }

  #of(thing: ThingId, property: PropertyKey): Guarded {
    const key = keyOf(thing, property);
    const known = this.#guarded.get(key);
    if (known !== undefined) return known;
    const guarded: Guarded = { thing, property, state: {}, insisting: false, told: false };
    this.#guarded.set(key, guarded);
    return guarded;
  }
}
