import { MESSAGE_CLASSES, type MessageClass } from "@tram/core";
import { Lane } from "./lane.ts";
import { heaps, ReadyLanes } from "./ready-lanes.ts";

/** Above this, lanes of Things that have long gone are forgotten. */
const MANY_LANES = 4_096;
/** What goes first when there is too much. */
export const DROP_ORDER = [...MESSAGE_CLASSES].reverse();

/** The lanes of a queue, by who may leave and by who may be dropped. */
export class Lanes {
  readonly #window: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #ready: ReadyLanes;
  /** Lanes with a row that may be dropped. */
  readonly #droppable = heaps();
  readonly #held = new Set<Lane>();

  /** @param options `window`: rows of a lane in flight at once; `backlogShare`: as of `ReadyLanes`. */
  constructor(options: { readonly window: number; readonly backlogShare: number }) {
    this.#window = options.window;
    this.#ready = new ReadyLanes(options.backlogShare);
  }

  /** The lane of a Thing in a class, if there is one. */
  find(messageClass: MessageClass, group: string): Lane | undefined {
    return this.#lanes.get(`${messageClass} ${group}`);
  }

  of(messageClass: MessageClass, group: string): Lane {
    const known = this.find(messageClass, group);
    if (known !== undefined) return known;
    if (this.#lanes.size >= MANY_LANES) {
      for (const [key, lane] of this.#lanes) if (lane.idle) this.#lanes.delete(key);
    }
    const lane = new Lane(messageClass, group);
    this.#lanes.set(`${messageClass} ${group}`, lane);
    return lane;
  }

  values(): Iterable<Lane> {
    return this.#lanes.values();
  }

  /** Enters a lane where it belongs after its rows have changed. */
  offer(lane: Lane): void {
    this.#droppable[lane.class].push(lane);
    if (lane.ready(this.#window)) this.#ready.push(lane);
  }

  /** Takes out the lane of these classes that a row leaves of next; offer it again. */
  next(classes: readonly MessageClass[]): Lane | undefined {
    return this.#ready.next(this.#window, classes);
  }

  /** Takes out the lane whose first row is the oldest of a class, or of the least important class that has any. */
  nextDroppable(messageClass?: MessageClass): Lane | undefined {
    for (const each of messageClass === undefined ? DROP_ORDER : [messageClass]) {
      const lane = this.#droppable[each].pop();
      if (lane !== undefined) return lane;
    }
    return undefined;
  }

  /** Nothing leaves of it before `letGo`. */
  hold(lane: Lane): void {
    lane.held = true;
    this.#held.add(lane);
  }

  /** @returns whether there was one that was held. */
  letGo(): boolean {
    if (this.#held.size === 0) return false;
    const lanes = [...this.#held];
    this.#held.clear();
    for (const lane of lanes) {
      lane.held = false;
      this.offer(lane);
    }
    return true;
  }

  /** What waits now is a backlog; what comes to lanes where nothing waits is not. */
  fallBehind(): void {
    for (const lane of this.#lanes.values()) {
      lane.fallBehind();
      this.offer(lane);
    }
  }
}
