import { WRITE_FEATURES, type WriteFeature, type WriteMeter } from "../write-meter/write-meter.ts";
import type { StoredOperation } from "./committer.ts";

/**
 * Divides what the database writes among those who caused it: pages of the log by the length of what each of them gave to
 * the transaction; what is moved into the database later belongs to `state`.
 */
export class StoreMeter {
  readonly #features: Readonly<Record<WriteFeature, { wrote(bytes: number): void }>>;
  #shares: ReadonlyMap<WriteFeature, number> = WHOLE;

  constructor(meter: WriteMeter) {
    const features = WRITE_FEATURES.map((name) => [name, meter.feature(name)] as const);
    this.#features = Object.fromEntries(features) as Record<WriteFeature, ReturnType<WriteMeter["feature"]>>;
  }

  /** What is written during `work` is divided so. */
  of(shares: ReadonlyMap<WriteFeature, number>, work: () => void): void {
    this.#shares = shares;
    try {
      work();
    } finally {
      this.#shares = WHOLE;
    }
  }

  wrote(bytes: number): void {
    let left = bytes;
    for (const [feature, share] of this.#shares) {
      const part = Math.round(bytes * share);
      left -= part;
      this.#features[feature].wrote(part);
    }
    if (left > 0) this.#features.state.wrote(left);
  }
}

const WHOLE: ReadonlyMap<WriteFeature, number> = new Map([["state", 1]]);

/** Shares of everybody but the house itself, which has the rest. */
export function sharesOf(operations: Iterable<StoredOperation>): ReadonlyMap<WriteFeature, number> {
  const lengths = new Lengths();
  for (const operation of operations) lengths.note(operation);
  return lengths.shares();
}

/** How much everybody gave to a transaction. */
export class Lengths {
  readonly #lengths = new Map<WriteFeature, number>();
  #total = 0;

  note(operation: StoredOperation): void {
    const name = "table" in operation ? operation.table : "log" in operation ? operation.log : "";
    const length = ("text" in operation ? operation.text.length : 0) + name.length + 1;
    this.#total += length;
    const feature = name === "audit" ? "audit" : name.startsWith("outbox") ? "outbox" : undefined;
    if (feature !== undefined) this.#lengths.set(feature, (this.#lengths.get(feature) ?? 0) + length);
  }

  /** Passes operations on, noting each. */
  *counting(operations: Iterable<StoredOperation>): Generator<StoredOperation> {
    for (const operation of operations) {
      this.note(operation);
      yield operation;
    }
  }

  shares(): ReadonlyMap<WriteFeature, number> {
    const share = (length: number): number => Math.floor((length / this.#total) * 1e6) / 1e6;
    return new Map([...this.#lengths].map(([feature, length]) => [feature, share(length)]));
  }
}
