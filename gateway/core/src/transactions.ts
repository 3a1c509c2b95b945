import type { Log } from "./ports/log.ts";
import type { Store } from "./ports/store.ts";
import { Unit } from "./unit.ts";

/** Whether the store keeps what it is given; told at the edges. */
export interface StoreHealth {
  readonly failing: boolean;
  readonly reason?: string;
}

/**
 * Opens units and watches whether they are kept. One warning when the store begins to fail, one line when it is well
 * again; the house goes on in between.
 */
export class Transactions {
  readonly #store: Store;
  readonly #log: Log;
  readonly #onHealth: (health: StoreHealth) => void;
  #health: StoreHealth = { failing: false };

  constructor(store: Store, log: Log, onHealth: (health: StoreHealth) => void) {
    this.#store = store;
    this.#log = log;
    this.#onHealth = onHealth;
  }

  get health(): StoreHealth {
    return this.#health;
  }

  /**
   * Runs `work` in a unit and commits it.
   * @throws {StoreError} when it was not kept: do not acknowledge. The unit's effects have run all the same.
   */
  readonly transact = async (work: (unit: Unit) => void): Promise<void> => {
    const unit = this.#open();
    work(unit);
    await this.#keep(unit);
  };

  /** The same for what nobody waits to acknowledge: a failure shows in the health alone. */
  readonly record = async (work: (unit: Unit) => void): Promise<void> => {
    const unit = this.#open();
    try {
      work(unit);
    } catch (error) {
      this.#onFault(error, "record");
      return;
    }
    try {
      await this.#keep(unit);
    } catch {
      // The health has told it.
    }
  };

  #open(): Unit {
    return new Unit(this.#store, (error) => this.#onFault(error, "effect"));
  }

  async #keep(unit: Unit): Promise<void> {
    try {
      await unit.commit();
    } catch (error) {
      this.#setHealth({ failing: true, reason: messageOf(error) });
      throw error;
    }
    if (!unit.empty) this.#setHealth({ failing: false });
  }

  readonly #onFault = (error: unknown, where: string): void => {
    this.#log.error(
      { where, error: messageOf(error), stack: stackOf(error) },
      "a participant of a unit threw",
    );
  };

  #setHealth(health: StoreHealth): void {
    const changed = health.failing !== this.#health.failing;
    this.#health = health;
    if (!changed) return;
    if (health.failing)
      this.#log.error({ reason: health.reason }, "the store does not keep what it is given");
    else this.#log.info({}, "the store keeps again");
    this.#onHealth(health);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
