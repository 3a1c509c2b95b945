import { MESSAGE_CLASSES, type MessageClass, type Operation, type Store } from "@tram/core";
import { isJsonObject, type Json } from "@tram/protocol";
import type { Rider } from "./batch-writer.ts";

/**
 * Why a message was given up before its cloud had it.
 * - `quota`: there was too much of its class, or of all.
 * - `expired`: it waited longer than its class may.
 * - `not-kept`: the store did not take it.
 * - `lost`: the store had it, and has it no more.
 * - `parked`: it was parked, and too many others after it.
 * A row that thinning or a newer state has replaced is no drop.
 */
export const DROP_REASONS = ["quota", "expired", "not-kept", "lost", "parked"] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** By class and reason; what is zero is left out. */
export type Drops = Readonly<Partial<Record<MessageClass, Readonly<Partial<Record<DropReason, number>>>>>>;

const TABLE = "outbox";
const NO_DROPS: Drops = {};

/**
 * Counts drops, for ever. It costs no commit of its own: the numbers ride along with the removals. After a crash, a row
 * whose removal was not kept is dropped and counted once more.
 */
export class DropLedger implements Rider {
  readonly #bridge: string;
  #drops: Drops;
  #total: number;
  #version = 0;
  #boarded = 0;
  #kept = 0;

  /** @throws {StoreError} when the store cannot be read. */
  static async open(store: Store, bridge: string): Promise<DropLedger> {
    return new DropLedger(bridge, (await store.entries(TABLE)).get(bridge));
  }

  private constructor(bridge: string, entry: Json | undefined) {
    this.#bridge = bridge;
    const { dropped, drops } = isJsonObject(entry) ? entry : {};
    this.#drops = readDrops(drops);
    const known = sum(this.#drops);
    // An earlier version counted without asking why; then the quota was the only reason that happened.
    const older = typeof dropped === "number" ? dropped - known : 0;
    this.#total = known;
    if (older > 0) this.#count("telemetry", "quota", older);
  }

  get total(): number {
    return this.#total;
  }

  get drops(): Drops {
    return this.#drops;
  }

  add(messageClass: MessageClass, reason: DropReason): void {
    this.#count(messageClass, reason, 1);
    this.#version++;
  }

  get due(): boolean {
    return this.#kept !== this.#version;
  }

  board(): Operation {
    this.#boarded = this.#version;
    return {
      op: "put",
      table: TABLE,
      key: this.#bridge,
      value: { dropped: this.#total, drops: this.#drops as Json },
    };
  }

  arrived(): void {
    this.#kept = this.#boarded;
  }

  #count(messageClass: MessageClass, reason: DropReason, count: number): void {
    const before = this.#drops[messageClass];
    this.#drops = {
      ...this.#drops,
      [messageClass]: { ...before, [reason]: (before?.[reason] ?? 0) + count },
    };
    this.#total += count;
  }
}

function readDrops(value: Json | undefined): Drops {
  if (!isJsonObject(value)) return NO_DROPS;
  return Object.fromEntries(
    MESSAGE_CLASSES.flatMap((messageClass) => {
      const found = value[messageClass];
      if (!isJsonObject(found)) return [];
      const counts = DROP_REASONS.flatMap((reason) => {
        const count = found[reason];
        return typeof count === "number" && count > 0 ? [[reason, count] as const] : [];
      });
      return [[messageClass, Object.fromEntries(counts)] as const];
    }),
  );
}

function sum(drops: Drops): number {
  let total = 0;
  for (const counts of Object.values(drops)) for (const count of Object.values(counts)) total += count;
  return total;
}
