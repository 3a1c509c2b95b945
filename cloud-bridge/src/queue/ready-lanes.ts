import { MESSAGE_CLASSES, type MessageClass } from "@tram/core";
import type { Lane } from "./lane.ts";
import { LaneHeap } from "./lane-heap.ts";

/** Alarms before replies before the rest; of the rest, state goes first where nothing else decides. */
const RANKS: readonly (readonly MessageClass[])[] = [["alarm"], ["reply"], ["state", "telemetry"]];

/**
 * The lanes with a row that may leave, and whose turn it is: by rank, then by turns between the lanes that keep up and
 * those with a backlog, then by age. So a fresh message waits for what was queued while it was on its way, and not for a
 * backlog of others.
 */
export class ReadyLanes {
  readonly #share: number;
  readonly #live = heaps();
  readonly #backlog = heaps();
  /** How much of a turn the backlog has coming, by rank. */
  readonly #due = RANKS.map(() => 0);

  /** @param share part of the turns that the backlog gets while there are others, from 0 to 1. */
  constructor(share: number) {
    this.#share = share;
  }

  push(lane: Lane): void {
    (lane.backlog ? this.#backlog : this.#live)[lane.class].push(lane);
  }

  /** Takes out the lane whose turn it is. @param window as of `Lane.ready`. @param allowed classes that may leave. */
  next(window: number, allowed: readonly MessageClass[]): Lane | undefined {
    for (const [rank, classes] of RANKS.entries()) {
      // Nearly always all of them may: then nothing is made for each message.
      const wanted = allowed === MESSAGE_CLASSES ? classes : classes.filter((each) => allowed.includes(each));
      const lane = wanted.length === 0 ? undefined : this.#turn(rank, wanted, window);
      if (lane !== undefined) return lane;
    }
    return undefined;
  }

  #turn(rank: number, classes: readonly MessageClass[], window: number): Lane | undefined {
    // While there is no backlog it saves up one turn, and no more.
    const due = Math.min(1 + this.#share, (this.#due[rank] ?? 0) + this.#share);
    this.#due[rank] = due;
    if (due < 1) {
      const live = this.#pop(this.#live, classes, window);
      if (live !== undefined) return live;
    }
    const behind = this.#pop(this.#backlog, classes, window);
    if (behind !== undefined) {
      this.#due[rank] = Math.max(0, due - 1);
      return behind;
    }
    return due < 1 ? undefined : this.#pop(this.#live, classes, window);
  }

  #pop(heaps: Heaps, classes: readonly MessageClass[], window: number): Lane | undefined {
    for (const messageClass of classes) {
      for (let lane = heaps[messageClass].pop(); lane !== undefined; lane = heaps[messageClass].pop()) {
        if (!lane.ready(window)) continue;
        if ((lane.backlog ? this.#backlog : this.#live) === heaps) return lane;
        // It fell behind, or caught up, since it came in here.
        this.push(lane);
      }
    }
    return undefined;
  }
}

type Heaps = Readonly<Record<MessageClass, LaneHeap>>;

/** A heap of lanes for each class. */
export function heaps(): Heaps {
  return Object.fromEntries(MESSAGE_CLASSES.map((each) => [each, new LaneHeap()])) as Record<
    MessageClass,
    LaneHeap
  >;
}
