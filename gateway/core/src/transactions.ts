import type { Ms } from "@tram/protocol";
import { type BackoffLimits, backoffMs } from "./backoff.ts";
import { Owed, type Voyage } from "./owed.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import {
  type Durability,
  type Operation,
  type Store,
  StoreError,
  type StoreErrorCode,
} from "./ports/store.ts";
import { type Keeper, type TableWrite, Unit } from "./unit.ts";

/** Whether the store keeps what it is given; told at the edges. */
export interface StoreHealth {
  readonly failing: boolean;
  readonly code?: StoreErrorCode;
  readonly reason?: string;
}

export interface TransactionsOptions {
  /** Lets a failing store be tried again when nobody commits anything; without it the next unit tries. */
  readonly retry?: { readonly clock: Pick<Clock, "after">; readonly random: () => number };
  /** The store is known to keep nothing from the start. */
  readonly failing?: StoreError;
}

const RETRY: BackoffLimits = { firstMs: 1_000, longestMs: 60_000 };
/** The first part of what is owed is small: it is what a failing store is asked at each unit. Then larger ones. */
const INSTALMENTS = { first: 8, next: 256 } as const;
/** Where the attempt writes that nobody's unit drives: what is there already would prove nothing. */
const PROBE = { table: "store", key: "probe" } as const;

interface Waiting {
  readonly operations: readonly Operation[];
  readonly durability: Durability;
  readonly voyage: Voyage;
  readonly resolve: (kept: Promise<void>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens units and watches whether they are kept. One warning when the store begins to fail, one line when it is well
 * again; the house goes on in between, in memory.
 *
 * What memory has taken over in that time is owed to the store. It is written before anything new, so that a later
 * start finds the house as it was and not as it was when the store failed: a run that has ended would be carried out
 * again. Units that must survive a power cut wait only for what is owed of their kind: where little room is left, it is
 * theirs.
 */
export class Transactions {
  readonly #store: Store;
  readonly #log: Log;
  readonly #onHealth: (health: StoreHealth) => void;
  readonly #retry: TransactionsOptions["retry"];
  readonly #owed = new Owed();
  readonly #keeper: Keeper = {
    commit: (operations, durability, owed) => this.#keep(operations, durability, owed),
  };
  readonly #onEffectFault = (error: unknown): void => this.#onFault(error, "effect");
  #health: StoreHealth = { failing: false };
  #waiting: Waiting[] = [];
  #attempt: Promise<void> | undefined;
  #timer: Disposable | undefined;
  #failures = 0;
  #probes = 0;
  #looking = false;
  #closed = false;

  constructor(
    store: Store,
    log: Log,
    onHealth: (health: StoreHealth) => void,
    options: TransactionsOptions = {},
  ) {
    this.#store = store;
    this.#log = log;
    this.#onHealth = onHealth;
    this.#retry = options.retry;
    if (options.failing === undefined) return;
    this.#health = failingWith(options.failing);
    this.#plan();
  }

  get health(): StoreHealth {
    return this.#health;
  }

  /** Keys that memory holds otherwise than the store. */
  get owed(): number {
    return this.#owed.size;
  }

  /** A unit to be filled at once, and then committed or settled. */
  open(): Unit {
    return new Unit(this.#keeper, this.#onEffectFault);
  }

  /**
   * Runs `work` in a unit and commits it.
   * @throws {StoreError} when it was not kept: do not acknowledge. The unit's effects have run all the same.
   */
  readonly transact = async (work: (unit: Unit) => void): Promise<void> => {
    const unit = this.open();
    work(unit);
    await unit.commit();
  };

  /** The same for what nobody waits to acknowledge: a failure shows in the health alone. */
  readonly record = async (work: (unit: Unit) => void): Promise<void> => {
    const unit = this.open();
    try {
      work(unit);
    } catch (error) {
      this.#onFault(error, "record");
      return;
    }
    try {
      await unit.commit();
    } catch {
      // The health has told it.
    }
  };

  /** Tries a last time to write what is owed, and no more after that. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    if (this.#owed.size > 0) await this.#catchUp();
  }

  #keep(
    operations: readonly Operation[],
    durability: Durability,
    owed: readonly TableWrite[],
  ): Promise<void> {
    const voyage = this.#owed.begin(operations);
    return this.#send(operations, durability, voyage).then(
      () => {
        this.#owed.kept(voyage);
        if (this.#health.failing && this.#owed.size === 0) this.#recover();
      },
      (error: unknown) => {
        // What no store could take is a bug, which the caller sees; owed for ever, it would hold up everything else.
        this.#owed.missed(voyage, error instanceof StoreError ? owed : [], durability);
        this.#onMissed(error);
        throw error;
      },
    );
  }

  /** In the order of the calls, also when the store is just catching up. */
  #send(operations: readonly Operation[], durability: Durability, voyage: Voyage): Promise<void> {
    if (!this.#health.failing) return this.#store.commit(operations, durability);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, durability, voyage, resolve, reject });
      void this.#catchUp();
    });
  }

  /** Writes what is owed, then what waits. One attempt at a time. Never rejects. */
  #catchUp(options: { readonly probe?: boolean } = {}): Promise<void> {
    this.#attempt ??= this.#tryToCatchUp(options.probe === true).finally(() => {
      this.#attempt = undefined;
      // Came while this attempt was ending.
      if (this.#waiting.length > 0) void this.#catchUp();
    });
    return this.#attempt;
  }

  async #tryToCatchUp(probe: boolean): Promise<void> {
    try {
      const strong = this.#owed.strong > 0 && (await this.#payOff(true));
      this.#release(strongestFirst(this.#waiting));
      const weak = this.#owed.size > 0 && (await this.#payOff(false));
      const proven = strong || weak || (probe && (await this.#probe()));
      if (proven && this.#owed.size === 0) this.#recover();
      else this.#release(this.#waiting);
    } catch (error) {
      const refused = this.#waiting;
      this.#waiting = [];
      for (const { reject } of refused) reject(error);
      this.#onMissed(error);
    }
  }

  /** @returns whether anything was written. */
  async #payOff(strongOnly: boolean): Promise<boolean> {
    let limit: number = INSTALMENTS.first;
    let written = false;
    for (;;) {
      const instalment = this.#owed.instalment(limit, strongOnly);
      if (instalment === undefined) return written;
      await this.#store.commit(instalment.operations, instalment.durability);
      this.#owed.settle(instalment);
      written = true;
      limit = INSTALMENTS.next;
    }
  }

  async #probe(): Promise<true> {
    await this.#store.commit([{ op: "put", ...PROBE, value: `${Math.random()} ${++this.#probes}` }], "power");
    return true;
  }

  #release(units: readonly Waiting[]): void {
    const going = new Set(units);
    this.#waiting = this.#waiting.filter((unit) => !going.has(unit));
    for (const { operations, durability, resolve } of units)
      resolve(this.#store.commit(operations, durability));
  }

  #onMissed(error: unknown): void {
    this.#setHealth(failingWith(error));
    this.#plan();
    if (this.#owed.manyDeletions && !this.#looking) void this.#look();
  }

  #recover(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#failures = 0;
    this.#setHealth({ failing: false });
    this.#release(this.#waiting);
  }

  #plan(): void {
    if (this.#retry === undefined || this.#timer !== undefined || this.#closed) return;
    const { clock, random } = this.#retry;
    const delayMs: Ms = backoffMs(++this.#failures, RETRY, random());
    this.#timer = clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#catchUp({ probe: true });
    });
  }

  /** Finds out which of the owed deletions are of keys that the store never had: a command that began and ended. */
  async #look(): Promise<void> {
    this.#looking = true;
    try {
      for (const [table, deletions] of this.#owed.deletions()) {
        this.#owed.forgive(deletions, await this.#store.entries(table));
      }
    } catch {
      this.#owed.forgive([], new Map()); // Not readable now: another look later.
    } finally {
      this.#looking = false;
    }
  }

  readonly #onFault = (error: unknown, where: string): void => {
    this.#log.error(
      { where, error: messageOf(error), stack: stackOf(error) },
      "a participant of a unit threw",
    );
  };

  #setHealth(health: StoreHealth): void {
    const { failing, code } = this.#health;
    this.#health = health;
    if (health.failing && !failing) {
      const { reason } = health;
      this.#log.error({ code: health.code, reason }, "the store does not keep what it is given");
    } else if (!health.failing && failing) this.#log.info({}, "the store keeps again");
    if (health.failing !== failing || health.code !== code) this.#onHealth(health);
  }
}

/** Those that must survive a power cut and are not about a key that an earlier one waits to write. */
function strongestFirst(waiting: readonly Waiting[]): readonly Waiting[] {
  const held = new Set<string>();
  return waiting.filter(({ durability, voyage }) => {
    if (durability === "power" && !voyage.keys.some((key) => held.has(key))) return true;
    for (const key of voyage.keys) held.add(key);
    return false;
  });
}

function failingWith(error: unknown): StoreHealth {
  const reason = messageOf(error);
  return error instanceof StoreError
    ? { failing: true, code: error.code, reason }
    : { failing: true, reason };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
