import { MESSAGE_CLASSES, type MessageClass } from "@tram/core";
import type { OutboxLimits } from "./outbox-options.ts";

/**
 * Of the whole queue, what each class may take unless told otherwise. The rest is the reserve of alarms and replies: a
 * flood of telemetry leaves them room.
 */
const SHARES: Readonly<Record<MessageClass, number>> = { alarm: 1, reply: 1, state: 0.9, telemetry: 0.9 };
/** Below this part of its limit a queue is not full any more. */
const RELAXED = 0.9;

interface Amount {
  rows: number;
  bytes: number;
}

/** What lies in a queue, against what may lie there. */
export class Usage {
  readonly #limits: OutboxLimits;
  readonly #classes: Readonly<Record<MessageClass, Amount>>;
  readonly #all: Amount = { rows: 0, bytes: 0 };
  readonly #most: Readonly<Record<MessageClass, Readonly<Amount>>>;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
    this.#classes = byClass(() => ({ rows: 0, bytes: 0 }));
    this.#most = byClass((messageClass) => {
      const { rows, bytes } = limits.classes?.[messageClass] ?? {};
      return {
        rows: rows ?? Math.ceil(limits.rows * SHARES[messageClass]),
        bytes: bytes ?? Math.ceil(limits.bytes * SHARES[messageClass]),
      };
    });
  }

  get rows(): number {
    return this.#all.rows;
  }

  get bytes(): number {
    return this.#all.bytes;
  }

  get rowsByClass(): Readonly<Record<MessageClass, number>> {
    return byClass((messageClass) => this.#classes[messageClass].rows);
  }

  /** @param rows below 0 for what goes. */
  add(messageClass: MessageClass, rows: number, bytes: number): void {
    this.#classes[messageClass].rows += rows;
    this.#classes[messageClass].bytes += bytes;
    this.#all.rows += rows;
    this.#all.bytes += bytes;
  }

  /** Whether there is too much of a class; without one, of all together. */
  isOver(messageClass?: MessageClass): boolean {
    const amount = messageClass === undefined ? this.#all : this.#classes[messageClass];
    const most = messageClass === undefined ? this.#limits : this.#most[messageClass];
    return amount.rows > most.rows || amount.bytes > most.bytes;
  }

  /** Whether there is room again, by a tenth, in all classes and together. */
  get isRelaxed(): boolean {
    const below = (amount: Amount, most: Readonly<Amount>): boolean =>
      amount.rows < most.rows * RELAXED && amount.bytes < most.bytes * RELAXED;
    return (
      below(this.#all, this.#limits) &&
      MESSAGE_CLASSES.every((each) => below(this.#classes[each], this.#most[each]))
    );
  }
}

/** Makes something for each class. */
function byClass<Value>(make: (messageClass: MessageClass) => Value): Readonly<Record<MessageClass, Value>> {
  return {
    alarm: make("alarm"),
    reply: make("reply"),
    state: make("state"),
    telemetry: make("telemetry"),
  };
}
