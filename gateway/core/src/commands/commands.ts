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
  type Json,
  jsonEqual,
  type Ms,
  type PropertyKey,
  type Reading,
  type ThingId,
} from "@tram/protocol";
import type { Bus } from "../bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { Observation } from "../registry/observation.ts";
import type { Registry } from "../registry/registry.ts";
import type { Unit } from "../unit.ts";
import { type CommandCheck, checkCommand, refuseCommand } from "./command-check.ts";
import { CommandKeys, isSameRequest } from "./command-keys.ts";
import { type Deliver, Deliveries } from "./deliveries.ts";
import {
  causeOf,
  isStoredCommand,
  type Pending,
  propertyOf,
  type StoredCommand,
  ttlOf,
  withoutWaiting,
} from "./pending.ts";
import { WaitingRoom } from "./waiting-room.ts";

const TABLE = "commands";

export const DEFAULT_CONFIRM_MS: Ms = 10_000;
/** How long sending may take beyond that; a carrier that hangs must not hold its command for ever. */
export const SEND_GRACE_MS: Ms = 30_000;
/** An unconfirmed write older than this is not sent again: a pump must not start hours late. */
export const RESEND_WITHIN_MS: Ms = 5 * 60_000;
/** Commands that led to each other; the next one is refused as a loop. */
export const MAX_CAUSE_DEPTH = 8;
const MAX_PENDING = 2_000;
/** Of them so many may wait for one device. */
export const MAX_WAITING = 16;
const REMEMBERED = 500;

/** Looks at what is asked for, and tells why it must not be done. */
export type CommandGuard = (
  request: CommandRequest,
) => { readonly code: CommandFailureCode; readonly reason: string } | undefined;

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
  readonly #keys = new CommandKeys();
  #guard: CommandGuard = () => undefined;
  readonly #subscriptions: readonly Disposable[];
  readonly #deliveries: Deliveries;
  readonly #waitingRoom = new WaitingRoom();
  #closed = false;

  constructor(parts: CommandsParts) {
    this.#parts = parts;
    this.#deliveries = new Deliveries(parts.clock, parts.deliver);
    parts.registry.correlateWith((observation) => this.#correlate(observation));
    this.#subscriptions = [
      parts.bus.on("reading", ({ reading }, unit) => {
        this.#onReading(reading, unit);
        this.#sendWaiting(reading.thing, unit);
      }),
      parts.bus.on("availability", ({ record, previous }, unit) => {
        const id = record.thing.id as ThingId;
        if (record.availability === "ready" && isAway(previous)) this.#sendAgain(id, unit);
        if (record.availability === "ready" || record.availability === "init") this.#sendWaiting(id, unit);
      }),
    ];
  }

  /** Lets somebody refuse what would do harm. */
  guardWith(guard: CommandGuard): void {
    this.#guard = guard;
  }

  /** Why a request must not be carried out now, whoever would carry it. */
  refusal(request: CommandRequest): ReturnType<CommandGuard> {
    return this.#guard(request);
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
    const known = this.#keys.find(request);
    if (known !== undefined) {
      if (isSameRequest(known, this.#rounded(request))) return this.get(known.id) ?? known;
      return this.#refuse(command, "key-reused", `the key ${request.key} was used for another command`, unit);
    }
    const checked = this.#check(request, command.depth);
    if (!checked.ok) return this.#refuse(command, checked.code, checked.reason, unit);
    const refusal = this.#guard({ ...request, value: checked.value });
    if (refusal !== undefined) return this.#refuse(command, refusal.code, refusal.reason, unit);
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

  /** The command that this request has led to when it was made before, by its key. */
  known(request: CommandRequest): Command | undefined {
    const found = this.#keys.find(request);
    return found === undefined ? undefined : (this.get(found.id) ?? found);
  }

  get(id: CommandId): Command | undefined {
    return this.#pending.get(id)?.command ?? this.#ended.get(id);
  }

  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Takes up what was under way when the gateway stopped: unconfirmed property writes are sent again, actions are not
   * repeated, because nobody knows whether they were carried out, unless a rule says that twice does no harm. What was
   * still waiting goes on waiting.
   */
  async resume(store: Store): Promise<void> {
    const now = this.#parts.clock.instant();
    await this.#keys.restore(store);
    const entries = await store.entries(TABLE);
    if (entries.size === 0) return;
    await this.#parts.record((unit) => {
      for (const [key, stored] of entries) {
        if (!isStoredCommand(stored)) {
          unit.delete(TABLE, key); // A row that cannot be read must not keep the others from their devices.
          continue;
        }
        const { command, since } = stored;
        if (!("property" in command.target) && command.waiting !== true && command.effect?.retry !== true) {
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
        else if (elapsedMs(since, now) > resumableFor(command)) {
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
    this.#deliveries.abort(new Error("the gateway stops"));
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    for (const pending of this.#pending.values()) pending.deadline?.[Symbol.dispose]();
  }

  /** A request with its value as it is sent. */
  #rounded(request: CommandRequest): CommandRequest {
    const thing = this.#parts.registry.thing(request.thing);
    const checked = thing === undefined ? undefined : checkCommand(thing, request);
    return checked?.ok === true ? { ...request, value: checked.value } : request;
  }

  #check(request: CommandRequest, depth: number): CommandCheck {
    if (depth > MAX_CAUSE_DEPTH) {
      return refuseCommand("loop", `${MAX_CAUSE_DEPTH} commands led to each other without a fresh cause`);
    }
    if (this.#pending.size >= MAX_PENDING) {
      return refuseCommand("too-many", `${MAX_PENDING} commands are under way`);
    }
    if (this.#waitingRoom.count(request.thing) >= MAX_WAITING) {
      return refuseCommand("too-many", `${MAX_WAITING} commands wait for ${request.thing} to wake`);
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
    if (this.#mustWait(command)) this.#wait(pending);
    else pending.command = withoutWaiting(command);
    this.#keep(pending, unit);
    unit.require("power");
    this.#parts.bus.emit("command", pending.command, unit);
    if (pending.command.waiting !== true) unit.after(() => void this.#send(pending));
    return pending.command;
  }

  /** Nobody is there to take it. A device that was heard only before a restart is looked for where one waits for it. */
  #mustWait({ thing, ttlMs, waiting }: Command): boolean {
    const availability = this.#parts.registry.get(thing)?.availability;
    if (availability === "sleeping") return true;
    return availability !== undefined && isAway(availability) && (ttlMs !== undefined || waiting === true);
  }

  #wait(pending: Pending): void {
    const { clock } = this.#parts;
    pending.command = { ...pending.command, waiting: true };
    this.#waitingRoom.add(pending);
    const leftMs = Math.max(0, ttlOf(pending.command) - elapsedMs(pending.since, clock.instant()));
    pending.deadline = clock.after(leftMs, () => void this.#giveUp(pending));
  }

  async #giveUp(pending: Pending): Promise<void> {
    await this.#parts.record((unit) => {
      if (!this.#pending.has(pending.command.id)) return;
      const reason = `the device was not there to take it within ${formatDuration(ttlOf(pending.command))}`;
      this.#end(pending.command, "expired", unit, "timeout", reason);
    });
  }

  /** A device has woken or come back: now it hears. */
  #sendWaiting(thing: ThingId, unit: Unit): void {
    for (const pending of this.#waitingRoom.leave(thing)) {
      pending.deadline?.[Symbol.dispose]();
      pending.command = withoutWaiting(pending.command);
      this.#keep(pending, unit);
      this.#parts.bus.emit("command", pending.command, unit);
      unit.after(() => void this.#send(pending));
    }
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
    const { command, confirmMs, resumed } = pending;
    const delivery = await this.#deliveries.send(command, confirmMs + SEND_GRACE_MS, { resumed });
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
    if (pending !== undefined) this.#waitingRoom.remove(pending);
    this.#pending.delete(command.id);
    const key = propertyOf(command);
    if (key !== undefined && this.#byProperty.get(key) === command.id) this.#byProperty.delete(key);
    const ended: Command = {
      ...withoutWaiting(command),
      state,
      endedAt: this.#parts.clock.now(),
      ...(code === undefined ? {} : { code }),
      ...(reason === undefined ? {} : { reason }),
    };
    unit.delete(TABLE, command.id);
    this.#keys.keep(ended, unit);
    this.#remember(ended);
    this.#parts.bus.emit("command", ended, unit);
  }

  #keep(pending: Pending, unit: Unit): void {
    const stored: StoredCommand = { command: pending.command, since: pending.since };
    unit.put(TABLE, pending.command.id, stored as unknown as Json);
    this.#keys.keep(pending.command, unit);
  }

  #remember(command: Command): void {
    this.#ended.set(command.id, command);
    if (this.#ended.size <= REMEMBERED) return;
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined) this.#ended.delete(oldest);
  }
}

/** How old a command may be when it is taken up after a restart: one that says how long it may wait is never sent later. */
function resumableFor(command: Command): Ms {
  if (command.waiting === true) return ttlOf(command);
  return Math.min(RESEND_WITHIN_MS, command.ttlMs ?? RESEND_WITHIN_MS);
}
