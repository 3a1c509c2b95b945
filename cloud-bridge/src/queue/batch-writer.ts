import type { Operation, Store } from "@tram/core";

/** Operations of one commit, so that a long drain does not make one giant transaction; what belongs together may exceed it. */
const BATCH = 2_000;

/** What goes along with a commit and is worth none of its own: its latest state alone counts. */
export interface Rider {
  /** Something of it is not kept yet. */
  readonly due: boolean;
  /** What to write now. */
  board(): Operation;
  /** What boarded the last time is kept. */
  arrived(): void;
}

/**
 * Writes what happened to rows, at `crash` strength: one commit at a time, and everything that comes in between goes
 * into the next. What could not be kept is tried again with the next change; losing it costs a duplicate at most.
 */
export class BatchWriter {
  readonly #store: Store;
  readonly #rider: Rider;
  readonly #onHealth: (failure: unknown) => void;
  /** What belongs together stays together: a row that is put aside is never in neither place. */
  #groups: (readonly Operation[])[] = [];
  #running: Promise<void> | undefined;
  #failure: unknown;

  /** @param onHealth is told once when commits begin to fail, and once (with `undefined`) when they are kept again. */
  constructor(store: Store, rider: Rider, onHealth: (failure: unknown) => void) {
    this.#store = store;
    this.#rider = rider;
    this.#onHealth = onHealth;
  }

  /** Changes that are not kept yet. */
  get pending(): number {
    return this.#groups.length;
  }

  /** One change: all of it goes into one commit. */
  add(...operations: readonly Operation[]): void {
    this.#groups.push(operations);
    void this.#start();
  }

  /**
   * Waits until everything is kept.
   * @throws {StoreError} when the store does not keep it.
   */
  async settle(): Promise<void> {
    while (this.#groups.length > 0 || this.#rider.due || this.#running !== undefined) {
      await this.#start();
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  #start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    // Lets the caller finish its turn: one commit for a whole batch of acknowledgements.
    await Promise.resolve();
    let failure: unknown;
    while ((this.#groups.length > 0 || this.#rider.due) && failure === undefined) {
      const batch: Operation[] = [];
      let taken = 0;
      for (
        let group = this.#groups[0];
        group !== undefined && batch.length < BATCH;
        group = this.#groups[taken]
      ) {
        batch.push(...group);
        taken++;
      }
      const rides = this.#rider.due;
      if (rides) batch.push(this.#rider.board());
      try {
        await this.#store.commit(batch, "crash");
        this.#groups.splice(0, taken);
        if (rides) this.#rider.arrived();
      } catch (error) {
        failure = error;
      }
      this.#setFailure(failure);
    }
    // In the same turn as the last look at the operations: whoever adds one now must start a new run.
    this.#running = undefined;
  }

  #setFailure(failure: unknown): void {
    const changed = (failure === undefined) !== (this.#failure === undefined);
    this.#failure = failure;
    if (changed) this.#onHealth(failure);
  }
}
