import type { Durability, Operation } from "./ports/store.ts";
import type { TableWrite } from "./unit.ts";

/** Owed deletions from which on it is worth a look whether the store holds such keys at all. */
const MANY_DELETIONS = 1_000;

/** Writes of a unit that is on its way to the store. Later units have higher numbers. */
export interface Voyage {
  readonly number: number;
  readonly keys: readonly string[];
}

interface Debt {
  readonly write: TableWrite;
  readonly durability: Durability;
  /** Of the unit that was not kept. */
  readonly number: number;
}

/** A part of what is owed, to be written in one commit. */
export interface Instalment {
  readonly operations: readonly Operation[];
  readonly durability: Durability;
  readonly debts: ReadonlyMap<string, Debt>;
}

/**
 * What memory has taken over and the store could not keep: of each key the latest write, in the order of the units that
 * made them. It is as large as what memory itself holds, since a key is here once; deletions of keys that the store
 * never had are found out and dropped.
 */
export class Owed {
  readonly #debts = new Map<string, Debt>();
  /** The latest unit under way that writes a key: its outcome decides, not that of an earlier one. */
  readonly #underWay = new Map<string, number>();
  #voyages = 0;
  #deletions = 0;
  #strong = 0;
  #lookAt = MANY_DELETIONS;

  get size(): number {
    return this.#debts.size;
  }

  /** How many keys must survive a power cut. */
  get strong(): number {
    return this.#strong;
  }

  /** So many deletions are owed that `forgive` should be asked. */
  get manyDeletions(): boolean {
    return this.#deletions >= this.#lookAt;
  }

  /** A unit leaves for the store. */
  begin(operations: readonly Operation[]): Voyage {
    const number = ++this.#voyages;
    const keys: string[] = [];
    for (const operation of operations) {
      if (!("table" in operation)) continue;
      const key = keyOf(operation);
      keys.push(key);
      this.#underWay.set(key, number);
    }
    return { number, keys };
  }

  /** The unit was kept: what was owed of its keys before is void. */
  kept(voyage: Voyage): void {
    for (const key of voyage.keys) {
      this.#land(key, voyage);
      if ((this.#debts.get(key)?.number ?? 0) < voyage.number) this.#forget(key);
    }
  }

  /** The unit was not kept. */
  missed(voyage: Voyage, owed: readonly TableWrite[], durability: Durability): void {
    const latest = new Set(voyage.keys.filter((key) => this.#land(key, voyage)));
    for (const write of owed) {
      const key = keyOf(write);
      if (latest.has(key)) this.#owe(key, { write, durability, number: voyage.number });
    }
  }

  /**
   * The next part to be written, the oldest first.
   * @param strongOnly only what must survive a power cut.
   * @returns `undefined` when nothing of the kind is owed.
   */
  instalment(limit: number, strongOnly: boolean): Instalment | undefined {
    const debts = new Map<string, Debt>();
    let durability: Durability = "crash";
    for (const [key, debt] of this.#debts) {
      if (debts.size >= limit) break;
      // A unit under way brings a newer value of the key; whatever becomes of it decides.
      if (this.#underWay.has(key) || (strongOnly && debt.durability !== "power")) continue;
      debts.set(key, debt);
      if (debt.durability === "power") durability = "power";
    }
    if (debts.size === 0) return undefined;
    return { operations: [...debts.values()].map(({ write }) => write), durability, debts };
  }

  /** The instalment was kept. */
  settle({ debts }: Instalment): void {
    for (const [key, debt] of debts) if (this.#debts.get(key) === debt) this.#forget(key);
  }

  /** The owed deletions of this moment by their tables. */
  deletions(): ReadonlyMap<string, readonly Debt[]> {
    const tables = new Map<string, Debt[]>();
    for (const debt of this.#debts.values()) {
      if (debt.write.op !== "delete") continue;
      const { table } = debt.write;
      const known = tables.get(table);
      if (known === undefined) tables.set(table, [debt]);
      else known.push(debt);
    }
    return tables;
  }

  /** Drops those deletions whose key the store does not hold, and plans the next look at them. */
  forgive(deletions: readonly Debt[], held: ReadonlyMap<string, unknown>): void {
    for (const debt of deletions) {
      const key = keyOf(debt.write);
      if (this.#debts.get(key) === debt && !held.has(debt.write.key)) this.#forget(key);
    }
    this.#lookAt = Math.max(MANY_DELETIONS, 2 * this.#deletions);
  }

  #owe(key: string, debt: Debt): void {
    // A key that had to survive a power cut still has to.
    const durability = this.#debts.get(key)?.durability === "power" ? "power" : debt.durability;
    this.#forget(key);
    this.#debts.set(key, { ...debt, durability });
    if (debt.write.op === "delete") this.#deletions++;
    if (durability === "power") this.#strong++;
  }

  #forget(key: string): void {
    const known = this.#debts.get(key);
    if (known === undefined) return;
    if (known.write.op === "delete") this.#deletions--;
    if (known.durability === "power") this.#strong--;
    this.#debts.delete(key);
  }

  /** @returns false when a later unit with this key has left; that of this one is over before. */
  #land(key: string, { number }: Voyage): boolean {
    return this.#underWay.get(key) === number && this.#underWay.delete(key);
  }
}

/** Names of tables have no slash. */
function keyOf({ table, key }: TableWrite): string {
  return `${table}/${key}`;
}
