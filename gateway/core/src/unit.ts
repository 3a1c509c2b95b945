import type { Json } from "@tram/protocol";
import type { Durability, Operation } from "./ports/store.ts";

/** A write of a table. */
export type TableWrite = Extract<Operation, { readonly table: string }>;

/** Who keeps a unit: the store, or what watches over it. */
export interface Keeper {
  /**
   * Keeps all operations or none, as the store does.
   * @param owed those of them that memory has taken over already: what is not kept of them now must be kept later, or
   * a restart would bring back what has long ended.
   * @throws {StoreError} when they could not be kept now.
   */
  commit(
    operations: readonly Operation[],
    durability: Durability,
    owed: readonly TableWrite[],
  ): Promise<void>;
}

/**
 * One thing that happened, with everything that follows from it: the reading, what the registry keeps of it, what the
 * rules decided, the commands they intend, the message for the cloud. It is kept whole or not at all, and only then
 * acknowledged and acted on.
 *
 * Participants add their writes synchronously while the event is delivered, then `commit` is called once.
 */
export class Unit {
  readonly #keeper: Keeper;
  #operations: Operation[] = [];
  #owed: TableWrite[] = [];
  #effects: ((kept: boolean) => void)[] = [];
  readonly #onFault: (error: unknown) => void;
  #durability: Durability = "crash";

  /** @param onFault is told of an effect that threw; the other effects run all the same. */
  constructor(keeper: Keeper, onFault: (error: unknown) => void) {
    this.#keeper = keeper;
    this.#onFault = onFault;
  }

  /** Writes what memory holds from now on, kept or not. */
  put(table: string, key: string, value: Json): void {
    this.#owe({ op: "put", table, key, value });
  }

  /** Deletes what memory has let go of, kept or not. */
  delete(table: string, key: string): void {
    this.#owe({ op: "delete", table, key });
  }

  /** Writes what memory takes over only once it is kept: when it is not, it never was. */
  propose(table: string, key: string, value: Json): void {
    this.#add({ op: "put", table, key, value });
  }

  /** Deletes what memory lets go of only once that is kept. */
  proposeDelete(table: string, key: string): void {
    this.#add({ op: "delete", table, key });
  }

  append(log: string, seq: number, value: Json): void {
    this.#add({ op: "append", log, seq, value });
  }

  remove(log: string, seq: number): void {
    this.#add({ op: "remove", log, seq });
  }

  /** Raises the strength at which this unit must be kept; it never falls again. */
  require(durability: Durability): void {
    if (durability === "power") this.#durability = "power";
  }

  /**
   * Does something once the commit has settled, in the order of the calls: send a command, tell a screen.
   * It runs with `kept` false too: a disk that is full must not stop local control. Only acknowledgements depend on it.
   */
  after(effect: (kept: boolean) => void): void {
    this.#effects = added(this.#effects, effect);
  }

  /** Nothing is to be kept: its commit says nothing about the store. */
  get empty(): boolean {
    return this.#operations.length === 0;
  }

  /**
   * Keeps the unit, then runs its effects.
   * @throws {StoreError} when it was not kept, after the effects have run: do not acknowledge.
   */
  async commit(): Promise<void> {
    await this.settle();
  }

  /**
   * As `commit`, but where nothing is to be kept the effects run at once.
   * @returns undefined then: whoever has a thousand messages to take waits for no promise.
   */
  settle(): Promise<void> | undefined {
    if (!this.empty) return this.#keep();
    this.#act(true);
    return undefined;
  }

  /** One for each message that must be kept: a continuation is half of the garbage of an `async` function. */
  #keep(): Promise<void> {
    return this.#keeper.commit(this.#operations, this.#durability, this.#owed).then(
      () => this.#act(true),
      (error: unknown) => {
        this.#act(false);
        throw error;
      },
    );
  }

  #act(kept: boolean): void {
    for (const effect of this.#effects) {
      try {
        effect(kept);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }

  #owe(write: TableWrite): void {
    this.#add(write);
    this.#owed = added(this.#owed, write);
  }

  #add(operation: Operation): void {
    this.#operations = added(this.#operations, operation);
  }
}

/** As `push`, but most lists stay with one item: an array that begins with `push` has room for 17 at once (V8). */
function added<Item>(items: Item[], item: Item): Item[] {
  if (items.length === 0) return [item];
  items.push(item);
  return items;
}
