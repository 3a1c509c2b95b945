import type { MessageClass } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { ClockSteps } from "./clock-steps.ts";
import type { DropLedger, DropReason } from "./drop-ledger.ts";
import type { Lane } from "./lane.ts";
import { DROP_ORDER, type Lanes } from "./lanes.ts";
import type { OutboxOptions } from "./outbox-options.ts";
import type { Row } from "./row-ring.ts";
import type { Usage } from "./usage.ts";

export interface OverflowParts {
  readonly options: Pick<OutboxOptions, "bridge" | "limits" | "clock" | "log">;
  readonly lanes: Lanes;
  readonly usage: Usage;
  readonly ledger: DropLedger;
  readonly steps: ClockSteps;
  /** Position of the newest row. */
  readonly last: () => number;
  /** Takes a row that is in no lane any more out of the queue and out of the store. */
  readonly remove: (lane: Lane, row: Row) => void;
}

/** Gives up what is too much and what is too old, and counts it. */
export class Overflow {
  readonly #parts: OverflowParts;
  #overQuota = false;
  /** What has no known age is as old as this, at least; monotonic. */
  #trustedSince: Ms | undefined;

  constructor(parts: OverflowParts) {
    this.#parts = parts;
  }

  /** Drops the oldest rows until there is not too much of a class, nor of all. */
  enforceQuota(messageClass: MessageClass): void {
    const { usage } = this.#parts;
    if (this.#overQuota && usage.isRelaxed) this.#overQuota = false;
    while (usage.isOver(messageClass)) if (!this.#dropOldest(messageClass)) break;
    while (usage.isOver()) if (!this.#dropOldest()) break;
  }

  /** Drops the first row of a lane if it has waited for too long. */
  dropFirstIfExpired(lane: Lane): boolean {
    const { last, options, steps } = this.#parts;
    const { clock, limits } = options;
    const ttlMs = limits.classes?.[lane.class]?.ttlMs;
    if (ttlMs === undefined || clock.trust === "untrusted") return false;
    const { head } = lane.waiting;
    if (head === undefined) return false;
    steps.look(last());
    this.#trustedSince ??= clock.monotonic();
    const ageMs = Number.isNaN(head.time)
      ? clock.monotonic() - this.#trustedSince
      : clock.now() - (head.time + steps.since(head.seq));
    if (ageMs <= ttlMs) return false;
    this.#dropFirst(lane, "expired");
    return true;
  }

  /** Drops what has waited for too long, wherever it is. @param most rows. @returns how many went. */
  dropExpired(most: number): number {
    const { lanes, options } = this.#parts;
    let expired = 0;
    for (const messageClass of DROP_ORDER) {
      if (options.limits.classes?.[messageClass]?.ttlMs === undefined) continue;
      for (const lane of lanes.values()) {
        if (lane.class !== messageClass) continue;
        while (expired < most && this.dropFirstIfExpired(lane)) expired++;
      }
    }
    return expired;
  }

  #dropOldest(messageClass?: MessageClass): boolean {
    const { lanes, options } = this.#parts;
    const lane = lanes.nextDroppable(messageClass);
    if (lane === undefined) return false;
    this.#dropFirst(lane, "quota");
    if (this.#overQuota) return true;
    this.#overQuota = true;
    const { bridge, log } = options;
    log.warn({ bridge, class: lane.class }, "the queue is full: the oldest messages are dropped");
    return true;
  }

  #dropFirst(lane: Lane, reason: DropReason): void {
    const { lanes, ledger, remove } = this.#parts;
    const row = lane.dropFirst();
    if (row !== undefined) {
      ledger.add(lane.class, reason);
      remove(lane, row);
    }
    lanes.offer(lane);
  }
}
