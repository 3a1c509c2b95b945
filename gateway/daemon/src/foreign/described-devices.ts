import type { Bus, Clock, Log, Registry, Store, Transactions, Unit } from "@tram/core";
import { isJsonObject, type Json, type JsonObject, jsonEqual, type ThingId } from "@tram/protocol";
import type { DeviceNames } from "./device-names.ts";
import type { ForeignDevice } from "./foreign-device.ts";
import type { ForeignDevices } from "./foreign-devices.ts";
import { OwnerRates } from "./owner-rates.ts";
import { Refusals } from "./refusals.ts";

const TABLE = "foreign-devices";

/** Devices that an account may describe. */
export const DEVICES_PER_OWNER = 512;
const LATER_MS = 1_000;

/** What a device says of itself, in words of its dialect that are worth keeping. */
export interface Description {
  readonly owner: string;
  /** What tells the devices of an account apart; the MAC address in 12 capital hexadecimal digits where there is one. */
  readonly identity: string;
  readonly title: string;
  /** Enough to make the device again after a restart. */
  readonly description: JsonObject;
}

/** A way in which devices describe themselves. */
export interface DialectReader {
  readonly name: string;
  /**
   * Makes a device of a description, of this process or of an earlier one.
   * @returns a sentence for what is no description.
   */
  build(description: JsonObject, place: Place): ForeignDevice | string;
}

/** What a device is called here. */
export interface Place {
  readonly id: ThingId;
  readonly owner: string;
  readonly title: string;
}

interface Entry extends Description {
  readonly dialect: string;
  thing: ThingId;
}

export interface DescribedDevicesParts {
  readonly bus: Pick<Bus, "on">;
  readonly clock: Pick<Clock, "after" | "monotonic">;
  readonly registry: Registry;
  readonly transactions: Pick<Transactions, "record">;
  readonly foreign: ForeignDevices;
  readonly names: DeviceNames;
  readonly log: Log;
  /** A device of an account speaks for itself now, or does no more. */
  readonly onOwn: (owner: string, unit: Unit) => void;
}

/**
 * Devices that describe themselves in a dialect of their own, by account and identity. They are kept with what they said,
 * and are there again after a restart before they say anything. How many there are and how often they change is bounded
 * for each account; what comes too fast counts a little later.
 */
export class DescribedDevices implements Disposable {
  readonly #parts: DescribedDevicesParts;
  readonly #dialects = new Map<string, DialectReader>();
  readonly #entries = new Map<string, Entry>();
  readonly #rates: OwnerRates;
  readonly #refusals: Refusals;
  /** What came too fast: the latest of each device. */
  readonly #late = new Map<string, Description & { readonly dialect: string }>();
  /** Devices whose Thing shows what was wrong with a later description. */
  readonly #troubled = new Set<string>();
  readonly #subscription: Disposable;
  #timer: Disposable | undefined;

  constructor(parts: DescribedDevicesParts) {
    this.#parts = parts;
    this.#rates = new OwnerRates(parts.clock);
    const text = "what a device says of itself was refused";
    this.#refusals = new Refusals(parts.log, this.#rates, { text });
    this.#subscription = parts.bus.on("retired", (_, unit) => this.#dropForgotten(unit));
  }

  /** Takes a dialect up. */
  speak(dialect: DialectReader): void {
    this.#dialects.set(dialect.name, dialect);
  }

  /** Makes the devices again that an earlier process knew. One that cannot be made takes no other with it. */
  async restore(store: Store): Promise<void> {
    for (const [key, row] of await store.entries(TABLE)) {
      const entry = entryOf(row);
      if (entry === undefined || !this.#dialects.has(entry.dialect)) continue;
      this.#entries.set(key, entry);
      const { thing } = entry;
      await this.#parts.transactions.record((unit) => {
        if (this.#set(entry, unit, false) && entry.thing !== thing) unit.put(TABLE, key, { ...entry });
      });
    }
  }

  /** @returns the latest that was said, which may count only a little later; undefined where there is nothing. */
  latest(dialect: string, who: Pick<Description, "identity" | "owner">): Description | undefined {
    const key = keyOf(dialect, who);
    return this.#late.get(key) ?? this.#entries.get(key);
  }

  /** The device of an account whose description has a member with this value: the level of its topics, say. */
  find(dialect: string, owner: string, name: string, value: string): Description | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.dialect === dialect && entry.owner === owner && entry.description[name] === value)
        return entry;
    }
    return undefined;
  }

  /** A device says what it is. What it said before is as good as new. */
  describe(dialect: string, said: Description, unit: Unit): void {
    const { identity, owner } = said;
    const key = keyOf(dialect, said);
    const before = this.#entries.get(key);
    this.#late.delete(key);
    const isNews = before?.title !== said.title || !jsonEqual(before.description, said.description);
    if (!isNews && !this.#troubled.delete(key)) return;
    if (before === undefined && this.#countOf(owner) >= DEVICES_PER_OWNER) {
      this.refuse(owner, identity, `more than ${DEVICES_PER_OWNER} devices`);
      return;
    }
    if (this.#rates.take(owner)) {
      this.#learn(key, { ...said, dialect }, unit);
      return;
    }
    this.#late.set(key, { ...said, dialect });
    this.#timer ??= this.#parts.clock.after(LATER_MS, () => void this.#catchUp());
  }

  /** A device says that it is no more. */
  forget(dialect: string, who: Pick<Description, "identity" | "owner">, unit: Unit): void {
    const key = keyOf(dialect, who);
    const entry = this.#entries.get(key);
    this.#late.delete(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#troubled.delete(key);
    unit.delete(TABLE, key);
    this.#parts.foreign.remove(entry.thing, unit);
    this.#parts.onOwn(entry.owner, unit);
  }

  /** Whether a device of an account describes itself in its own dialect. @param name an identifier it goes by elsewhere. */
  speaksForItself(owner: string, name: string): boolean {
    const plain = name.toUpperCase().replace(/^MAC:/, "").replaceAll(/[:-]/g, "");
    if (!/^(?:[0-9A-F]{6}){1,2}$/.test(plain)) return false;
    for (const { identity, owner: by } of this.#entries.values()) {
      if (by !== owner || !MAC.test(identity)) continue;
      if (identity === plain || (plain.length === 6 && identity.endsWith(plain))) return true;
    }
    return false;
  }

  /** @returns whether it was told now. */
  refuse(owner: string, what: string, problem: string): boolean {
    return this.#refusals.tell(owner, what, problem);
  }

  /** Something is wrong with what a device said; what it said before stays in use. */
  noteProblem(
    dialect: string,
    who: Pick<Description, "identity" | "owner">,
    problem: string,
    unit: Unit,
  ): void {
    const key = keyOf(dialect, who);
    const thing = this.#entries.get(key)?.thing;
    const isTold = this.refuse(who.owner, who.identity, problem);
    // It was well in between.
    const isAgain = !isTold && thing !== undefined && !this.#troubled.has(key);
    if (thing === undefined || !(isTold || isAgain)) return;
    this.#troubled.add(key);
    this.#parts.registry.noteProblem(thing, problem.slice(0, 200), unit);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
  }

  /** Somebody has forgotten a Thing. If its device describes itself again, it is a new one. */
  #dropForgotten(unit: Unit): void {
    for (const [key, { identity, owner, thing }] of [...this.#entries]) {
      if (thing === NOWHERE || this.#parts.registry.speaker(thing) !== undefined) continue;
      this.#entries.delete(key);
      this.#troubled.delete(key);
      unit.delete(TABLE, key);
      this.#parts.foreign.remove(thing, unit);
      this.#parts.log.info({ username: owner, identity }, "a device that describes itself was forgotten");
      this.#parts.onOwn(owner, unit);
    }
  }

  async #catchUp(): Promise<void> {
    this.#timer = undefined;
    await this.#parts.transactions.record((unit) => {
      for (const [key, said] of [...this.#late]) {
        if (!this.#rates.take(said.owner)) continue;
        this.#late.delete(key);
        this.#learn(key, said, unit);
      }
    });
    if (this.#late.size > 0) this.#timer ??= this.#parts.clock.after(LATER_MS, () => void this.#catchUp());
  }

  #learn(key: string, said: Description & { readonly dialect: string }, unit: Unit): void {
    const before = this.#entries.get(key);
    const entry: Entry = { ...said, thing: before?.thing ?? NOWHERE };
    this.#entries.set(key, entry);
    // What it told others of itself makes room first, its id too.
    if (before === undefined) this.#parts.onOwn(said.owner, unit);
    if (before === undefined) entry.thing = this.#parts.names.placeFor(said);
    if (this.#set(entry, unit, true)) {
      unit.put(TABLE, key, { ...entry });
      return;
    }
    if (before !== undefined) {
      this.#entries.set(key, before);
      return;
    }
    this.#entries.delete(key);
    this.#parts.onOwn(said.owner, unit);
  }

  #set(entry: Entry, unit: Unit, fresh: boolean): boolean {
    const { description, dialect, identity, owner, title } = entry;
    const { names } = this.#parts;
    // Somebody else has taken the id meanwhile.
    if (!names.mayKeep(entry.thing, owner)) entry.thing = names.placeFor(entry);
    const device = this.#dialects.get(dialect)?.build(description, { id: entry.thing, owner, title });
    if (device === undefined || typeof device === "string") {
      this.refuse(owner, identity, device ?? `${dialect} is not spoken here`);
      return false;
    }
    const result = this.#parts.foreign.set(device, unit, { fresh });
    if (!result.ok) this.refuse(owner, identity, `${result.path}: ${result.problem}`);
    return result.ok;
  }

  #countOf(owner: string): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.owner === owner) count++;
    for (const [key, late] of this.#late) if (late.owner === owner && !this.#entries.has(key)) count++;
    return count;
  }
}

/** It has no Thing yet. */
const NOWHERE = "" as ThingId;

export const MAC = /^[0-9A-F]{12}$/;

function keyOf(dialect: string, { identity, owner }: Pick<Description, "identity" | "owner">): string {
  return `${dialect}\n${owner}\n${identity}`;
}

/** @returns undefined for a row that cannot be read. */
function entryOf(row: Json): Entry | undefined {
  if (!isJsonObject(row)) return undefined;
  const { description, dialect, identity, owner, thing, title } = row;
  if (typeof dialect !== "string" || typeof identity !== "string" || typeof owner !== "string")
    return undefined;
  if (typeof thing !== "string" || typeof title !== "string" || !isJsonObject(description)) return undefined;
  return { dialect, identity, owner, thing: thing as ThingId, title, description };
}
