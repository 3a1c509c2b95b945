import {
  type Cause,
  type Command,
  type CommandFailureCode,
  type CommandId,
  type CommandRequest,
  elapsedMs,
  formatDuration,
  type Instant,
  isAway,
  isJsonObject,
  type Json,
  jsonEqual,
  type Ms,
  type PropertyKey,
  type Reading,
  type ThingId,
} from "@tram/protocol";
import { abandonable } from "../abandonable.ts";
import type { Bus } from "../bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { Observation } from "../registry/observation.ts";
import type { Registry } from "../registry/registry.ts";
import type { Unit } from "../unit.ts";
import { type CommandCheck, checkCommand, refuseCommand } from "./command-check.ts";

const TABLE = "commands";

export const DEFAULT_CONFIRM_MS: Ms = 10_000;
/** How long sending may take beyond that; a carrier that hangs must not hold its command for ever. */
export const SEND_GRACE_MS: Ms = 30_000;
/** An unconfirmed write older than this is not sent again: a pump must not start hours late. */
export const RESEND_WITHIN_MS: Ms = 5 * 60_000;
/** Commands that led to each other; the next one is refused as a loop. */
export const MAX_CAUSE_DEPTH = 8;
const MAX_PENDING = 2_000;
const REMEMBERED = 500;

/** What the carrier of a command tells back. */
export type Delivery =
  | { readonly outcome: "sent" }
  | { readonly outcome: "confirmed" }
  | { readonly outcome: "rejected"; readonly reason: string };

/**
 * Brings a command to its device. Rejecting means that it could not be sent.
 * `resumed` commands are from before a restart: their device may still be on its way back.
 */
export type Deliver = (
  command: Command,
  signal: AbortSignal,
  options: { readonly resumed: boolean },
) => Promise<Delivery>;

interface Pending {
  command: Command;
  /** What the command is kept with, for the decision after a restart. */
  readonly since: Instant;
  readonly confirmMs: Ms;
  readonly reports: boolean;
  readonly resumed: boolean;
  sending: boolean;
  /** The latest other value seen since sending. */
  other?: Json;
  deadline?: Disposable;
}

export interface CommandsParts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly deliver: Deliver;
  /**
   * Opens a unit for what happens later: sent, confirmed, expired. Never rejects: a store that fails is shown by
   * itself, and must not stop a command.
   */
  readonly record: (work: (unit: Unit) => void) => Promise<void>;
  /** Makes an id that no other command ever had. */
  readonly newId: () => string;
}

/**
 * The one way down to the devices. A command is validated, its intent is kept, then it is sent, and its end is
 * decided by what the device reports: the first good value after sending that equals it.
 */
export class Commands {
  readonly #parts: CommandsParts;
  readonly #pending = new Map<CommandId, Pending>();
  /** The pending command of a property; a later one replaces it. */
  readonly #byProperty = new Map<string, CommandId>();
  readonly #ended = new Map<CommandId, Command>();
  readonly #subscriptions: readonly Disposable[];
  /** What is being sent at the moment. */
  readonly #deliveries = new Set<AbortController>();
  #closed = false;

  constructor(parts: CommandsParts) {
    this.#parts = parts;
    parts.registry.correlateWith((observation) => this.#correlate(observation));
    this.#subscriptions = [
      parts.bus.on("reading", ({ reading }, unit) => this.#onReading(reading, unit)),
      parts.bus.on("availability", ({ record, previous }, unit) => {
        if (record.availability === "ready" && isAway(previous))
          this.#sendAgain(record.thing.id as ThingId, unit);
      }),
    ];
  }

  /**
   * Accepts or refuses a request. An accepted command is sent once the unit has settled.
   * @returns the command; `state` is `accepted` or `refused`, and `code` tells why.
   */
  submit(request: CommandRequest, unit: Unit): Command {
    const command: Command = {
      ...request,
      id: this.#parts.newId() as CommandId,
      depth: (request.cause?.depth ?? 0) + 1,
      state: "accepted",
      submittedAt: this.#parts.clock.now(),
    };
    const checked = this.#check(request, command.depth);
    if (!checked.ok) return this.#refuse(command, checked.code, checked.reason, unit);
    return this.#accept({ ...command, value: checked.value }, checked, unit);
  }

  /** Writes down a command that somebody else carries to its device: it was sent, and that is all we know. */
  note(request: CommandRequest, unit: Unit): Command {
    const now = this.#parts.clock.now();
    const command: Command = {
      ...request,
      id: this.#parts.newId() as CommandId,
      depth: (request.cause?.depth ?? 0) + 1,
      state: "sent",
      submittedAt: now,
      sentAt: now,
      endedAt: now,
    };
    this.#remember(command);
    this.#parts.bus.emit("command", command, unit);
    return command;
  }

  get(id: CommandId): Command | undefined {
    return this.#pending.get(id)?.command ?? this.#ended.get(id);
  }

  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Takes up what was under way when the gateway stopped: unconfirmed property writes are sent again, actions are not
   * repeated, because nobody knows whether they were carried out.
   */
  async resume(store: Store): Promise<void> {
    const now = this.#parts.clock.instant();
    const entries = await store.entries(TABLE);
    if (entries.size === 0) return;
    await this.#parts.record((unit) => {
      for (const [key, stored] of entries) {
        if (!isStoredCommand(stored)) {
          unit.delete(TABLE, key); // A row that cannot be read must not keep the others from their devices.
          continue;
        }
        const { command, since } = stored;
        if (!("property" in command.target)) {
          this.#end(
            command,
            "failed",
            unit,
            "unknown-outcome",
            "the gateway restarted before the outcome was known",
          );
          continue;
        }
        const checked = this.#check(command, command.depth);
        if (!checked.ok) this.#end(command, "failed", unit, checked.code, checked.reason);
        else if (elapsedMs(since, now) > RESEND_WITHIN_MS) {
          this.#end(
            command,
            "expired",
            unit,
            "timeout",
            "the gateway was off for longer than the command may wait",
          );
        } else this.#accept({ ...command, state: "accepted" }, checked, unit, since);
      }
    });
  }

  close(): void {
    this.#closed = true;
    for (const delivery of this.#deliveries) delivery.abort(new Error("the gateway stops"));
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    for (const pending of this.#pending.values()) pending.deadline?.[Symbol.dispose]();
  }

  #check(request: CommandRequest, depth: number): CommandCheck {
    if (depth > MAX_CAUSE_DEPTH) {
      return refuseCommand("loop", `${MAX_CAUSE_DEPTH} commands led to each other without a fresh cause`);
    }
    if (this.#pending.size >= MAX_PENDING) {
      return refuseCommand("too-many", `${MAX_PENDING} commands are under way`);
    }
    const thing = this.#parts.registry.thing(request.thing);
    if (thing === undefined) return refuseCommand("unknown-thing", `there is no Thing ${request.thing}`);
    return checkCommand(thing, request);
  }

  #accept(command: Command, checked: CommandCheck & { ok: true }, unit: Unit, since?: Instant): Command {
    const pending: Pending = {
      command,
      since: since ?? this.#parts.clock.instant(),
      confirmMs: command.timeoutMs ?? checked.confirmMs ?? DEFAULT_CONFIRM_MS,
      reports: checked.reports,
      resumed: since !== undefined,
      sending: false,
    };
    this.#replaceEarlier(command, unit);
    this.#pending.set(command.id, pending);
    this.#keep(pending, unit);
    unit.require("power");
    this.#parts.bus.emit("command", command, unit);
    unit.after(() => void this.#send(pending));
    return command;
  }

  #replaceEarlier(command: Command, unit: Unit): void {
    const key = propertyOf(command);
    if (key === undefined) return;
    const earlier = this.#pending.get(this.#byProperty.get(key) ?? ("" as CommandId));
    this.#byProperty.set(key, command.id);
    if (earlier === undefined || earlier.command.id === command.id) return;
    this.#end(earlier.command, "failed", unit, "overridden", "a later command replaced it");
    this.#byProperty.set(key, command.id);
  }

  async #send(pending: Pending): Promise<void> {
    const id = pending.command.id;
    if (this.#closed || !this.#pending.has(id)) return;
    pending.sending = true;
    const delivery = await this.#deliver(pending);
    // While it was being sent, a reading may have confirmed it, a later command replaced it, or the gateway stopped.
    if (this.#closed || !this.#pending.has(id)) return;
    await this.#parts.record((unit) => {
      if (!this.#pending.has(id)) return;
      if (delivery.outcome === "broken") {
        this.#end(pending.command, "failed", unit, "send-failed", delivery.reason);
        return;
      }
      if (delivery.outcome === "rejected") {
        this.#end(pending.command, "failed", unit, "rejected", delivery.reason);
        return;
      }
      pending.command = { ...pending.command, state: "sent", sentAt: this.#parts.clock.now() };
      if (delivery.outcome === "confirmed") this.#end(pending.command, "confirmed", unit);
      else if (!pending.reports) this.#end(pending.command, "sent", unit);
      else {
        this.#keep(pending, unit);
        this.#parts.bus.emit("command", pending.command, unit);
        pending.deadline?.[Symbol.dispose]();
        pending.deadline = this.#parts.clock.after(pending.confirmMs, () => void this.#expire(pending));
      }
    });
  }

  async #deliver(pending: Pending): Promise<Delivery | { outcome: "broken"; reason: string }> {
    const { clock, deliver } = this.#parts;
    const patienceMs = pending.confirmMs + SEND_GRACE_MS;
    const delivery = new AbortController();
    const { signal } = delivery;
    using _deadline = clock.after(patienceMs, () =>
      delivery.abort(new Error(`could not be sent within ${formatDuration(patienceMs)}`)),
    );
    this.#deliveries.add(delivery);
    try {
      return await abandonable(deliver(pending.command, signal, { resumed: pending.resumed }), signal);
    } catch (error) {
      return { outcome: "broken", reason: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#deliveries.delete(delivery);
    }
  }

  /** A device that was away has returned: what it did not confirm, it may never have heard. */
  #sendAgain(thing: ThingId, unit: Unit): void {
    const now = this.#parts.clock.instant();
    for (const pending of this.#pending.values()) {
      if (pending.command.thing !== thing || pending.command.state !== "sent") continue;
      // A device that comes and goes must not keep a command alive for ever.
      if (elapsedMs(pending.since, now) > Math.max(RESEND_WITHIN_MS, pending.confirmMs)) continue;
      unit.after(() => void this.#send(pending));
    }
  }

  async #expire(pending: Pending): Promise<void> {
    await this.#parts.record((unit) => {
      if (!this.#pending.has(pending.command.id)) return;
      if (pending.other === undefined) {
        this.#end(pending.command, "expired", unit, "timeout", "the device did not report in time");
      } else {
        const seen = JSON.stringify(pending.other);
        this.#end(pending.command, "failed", unit, "overridden", `the device reports ${seen} instead`);
      }
    });
  }

  /** Names the command that a reading answers, with the depth that only this room knows. */
  #correlate(observation: Observation): Cause | undefined {
    const named = observation.cause === undefined ? undefined : this.get(observation.cause.commandId);
    if (named !== undefined) return causeOf(named);
    const pending = this.#answeredBy(observation.thing, observation.property);
    if (pending === undefined || !jsonEqual(pending.command.value, observation.value)) return undefined;
    return causeOf(pending.command);
  }

  #answeredBy(thing: ThingId, property: PropertyKey): Pending | undefined {
    const id = this.#byProperty.get(`${thing}/${property}`);
    const pending = id === undefined ? undefined : this.#pending.get(id);
    return pending?.sending === true ? pending : undefined;
  }

  #onReading(reading: Reading, unit: Unit): void {
    if (reading.quality !== "good") return;
    const pending = this.#answeredBy(reading.thing, reading.property);
    if (pending === undefined) return;
    if (jsonEqual(pending.command.value, reading.value)) {
      const sentAt = pending.command.sentAt ?? this.#parts.clock.now();
      this.#end({ ...pending.command, sentAt }, "confirmed", unit);
    } else pending.other = reading.value;
  }

  #refuse(command: Command, code: CommandFailureCode, reason: string, unit: Unit): Command {
    const refused: Command = { ...command, state: "refused", code, reason, endedAt: this.#parts.clock.now() };
    this.#remember(refused);
    this.#parts.bus.emit("command", refused, unit);
    return refused;
  }

  #end(
    command: Command,
    state: Command["state"],
    unit: Unit,
    code?: CommandFailureCode,
    reason?: string,
  ): void {
    const pending = this.#pending.get(command.id);
    pending?.deadline?.[Symbol.dispose]();
    this.#pending.delete(command.id);
    const key = propertyOf(command);
    if (key !== undefined && this.#byProperty.get(key) === command.id) this.#byProperty.delete(key);
    const ended: Command = {
      ...command,
      state,
      endedAt: this.#parts.clock.now(),
      ...(code === undefined ? {} : { code }),
      ...(reason === undefined ? {} : { reason }),
    };
    unit.delete(TABLE, command.id);
    this.#remember(ended);
    this.#parts.bus.emit("command", ended, unit);
  }

  #keep(pending: Pending, unit: Unit): void {
    const stored: StoredCommand = { command: pending.command, since: pending.since };
    unit.put(TABLE, pending.command.id, stored as unknown as Json);
  }

  #remember(command: Command): void {
    this.#ended.set(command.id, command);
    if (this.#ended.size <= REMEMBERED) return;
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined) this.#ended.delete(oldest);
  }
}

interface StoredCommand {
  readonly command: Command;
  readonly since: Instant;
}

function isStoredCommand(stored: unknown): stored is StoredCommand {
  if (!isJsonObject(stored) || !isJsonObject(stored.command) || !isJsonObject(stored.since)) return false;
  const { id, thing, target } = stored.command;
  return typeof id === "string" && typeof thing === "string" && isJsonObject(target);
}

function causeOf(command: Command): Cause {
  return { commandId: command.id, depth: command.depth };
}

function propertyOf(command: CommandRequest): string | undefined {
  return "property" in command.target ? `${command.thing}/${command.target.property}` : undefined;
}
