import { type Clock, type Store, StoreError, Unit } from "@tram/core";
import type { Json, Ms } from "@tram/protocol";
import type { BridgeLog } from "../bridge-log.ts";
import type { Draft } from "./outbox-options.ts";
import { decodeRow, encodeRow } from "./outbox-row.ts";

export interface TrailingParts {
  readonly store: Store;
  readonly bridge: string;
  readonly clock: Pick<Clock, "after" | "monotonic">;
  readonly log: BridgeLog;
  /** Queues a value in the unit that lets it go here. */
  readonly release: (draft: Draft, unit: Unit) => void;
}

/** A value whose time has not come. */
interface Held {
  readonly draft: Draft;
  /** Monotonic. */
  readonly due: Ms;
  /** Its unit has settled: what lets it go is written after what holds it. */
  settled: boolean;
}

/** Part of the `outbox` in the store's write meter. Its keys are the bridge and the property. */
export const TRAILING_TABLE = "outbox-trailing";
/** Values that go in one unit. */
const AT_ONCE = 500;
/** Between two looks at what is due. */
const LEAST_PAUSE_MS: Ms = 250;
/** What the store did not take is tried again after so long. */
const AGAIN_MS: Ms = 5_000;

/**
 * The last value of each property that came while its rate was used up: without it a cloud is left with the first value of
 * a burst, for as long as the device is silent. A value is kept in the unit of its reading, in the place of the one before
 * it, and leaves for the queue in one commit; so it survives what a queued message survives. What an earlier run held is
 * due at once, as everything is told once after a start.
 */
export class Trailing implements AsyncDisposable {
  readonly #parts: TrailingParts;
  /** At most one of each property of the house. */
  readonly #held = new Map<string, Held>();
  #timer: Disposable | undefined;
  #wakeAt: Ms = Number.POSITIVE_INFINITY;
  #releasing: Promise<void> = Promise.resolve();
  #closed = false;

  /** @throws {StoreError} when the store cannot be read. */
  static async open(parts: TrailingParts): Promise<Trailing> {
    const trailing = new Trailing(parts);
    for (const [key, value] of await parts.store.entries(TRAILING_TABLE)) {
      if (key.startsWith(`${parts.bridge} `)) trailing.#restore(key, value);
    }
    return trailing;
  }

  private constructor(parts: TrailingParts) {
    this.#parts = parts;
  }

  /** Holds a value back, in the place of the one of the same property. */
  hold(draft: Draft, inMs: Ms, unit: Unit): void {
    const key = this.#keyOf(draft);
    const held: Held = { draft, due: this.#parts.clock.monotonic() + inMs, settled: false };
    this.#held.set(key, held);
    unit.put(TRAILING_TABLE, key, rowOf(draft));
    unit.after(() => {
      held.settled = true;
    });
    this.#wakeIn(inMs);
  }

  /** Another value of the property goes, or none is to go. */
  drop(property: { readonly thing: string; readonly name: string }, unit: Unit): void {
    const key = this.#keyOf(property);
    if (this.#held.delete(key)) unit.delete(TRAILING_TABLE, key);
  }

  /** What is held stays in the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    await this.#releasing;
  }

  #restore(key: string, value: Json): void {
    const queued = decodeRow(value);
    if (queued === undefined) return;
    const { message, taken } = queued;
    const { id: _none, ...draft } = message;
    this.#held.set(key, {
      draft: { ...draft, ...(taken === undefined ? {} : { taken }) },
      due: Number.NEGATIVE_INFINITY,
      settled: true,
    });
    this.#wakeIn(0);
  }

  #keyOf({ thing, name }: { readonly thing: string; readonly name: string }): string {
    return `${this.#parts.bridge} ${thing}/${name}`;
  }

  #wakeIn(inMs: Ms): void {
    const at = this.#parts.clock.monotonic() + inMs;
    if (this.#closed || at >= this.#wakeAt) return;
    this.#wakeAt = at;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#parts.clock.after(inMs, () => {
      this.#timer = undefined;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#releasing = this.#releasing
        .then(() => this.#release())
        .catch((error: unknown) => this.#broke(error));
    });
  }

  /** A bug: what is held goes after the next start. */
  #broke(error: unknown): void {
    const { bridge, log } = this.#parts;
    log.error({ bridge, error: String(error) }, "what was held back could not be let go");
  }

  async #release(): Promise<void> {
    const now = this.#parts.clock.monotonic();
    const due: [string, Held][] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [key, held] of this.#held) {
      if (held.due <= now && held.settled && due.length < AT_ONCE) due.push([key, held]);
      else if (held.due < next) next = held.due;
    }
    if (Number.isFinite(next) || next < 0) this.#wakeIn(Math.max(LEAST_PAUSE_MS, next - now));
    if (due.length > 0 && !this.#closed) await this.#letGo(due);
  }

  async #letGo(due: readonly (readonly [string, Held])[]): Promise<void> {
    const { bridge, clock, log, release, store } = this.#parts;
    const unit = new Unit(store, (error) =>
      log.error({ bridge, error: String(error) }, "a value that was held back got stuck"),
    );
    for (const [key, { draft }] of due) {
      this.#held.delete(key);
      unit.proposeDelete(TRAILING_TABLE, key);
      release(draft, unit);
    }
    try {
      await unit.commit();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      for (const [key, held] of due) {
        // A newer one may have come meanwhile.
        if (!this.#held.has(key)) this.#held.set(key, { ...held, due: clock.monotonic() + AGAIN_MS });
      }
      this.#wakeIn(AGAIN_MS);
    }
  }
}

/** As it lies in the queue; it has no id before it is queued. */
function rowOf({ taken, ...draft }: Draft): Json {
  const message = { ...draft, id: "" };
  return encodeRow({ message, queuedAt: Number.NaN, ...(taken === undefined ? {} : { taken }) });
}
