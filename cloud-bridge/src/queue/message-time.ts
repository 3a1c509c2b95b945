import type { Clock, CloudMessage } from "@tram/core";
import type { EpochMs, Ms } from "@tram/protocol";

/** When something was taken, on a clock that never steps. */
export interface Taken {
  readonly bootId: string;
  readonly monotonic: Ms;
}

/** A time as it is told to a cloud. */
type ToldTime = Pick<CloudMessage, "time" | "timeUncertain">;

/**
 * Puts the times of messages right that were taken while nobody could believe the clock, as they leave. What has been told
 * of a message once is told the same way again: a message that was sent does not change.
 */
export class MessageTimes {
  readonly #clock: Pick<Clock, "now" | "monotonic" | "bootId" | "trust">;
  readonly #told = new Map<number, ToldTime>();

  constructor(clock: Pick<Clock, "now" | "monotonic" | "bootId" | "trust">) {
    this.#clock = clock;
  }

  /** When a message that comes now was taken, unless the clock can be believed. */
  takenAt(time: EpochMs): Taken | undefined {
    const { bootId, trust } = this.#clock;
    if (trust !== "untrusted") return undefined;
    return { bootId, monotonic: this.#clock.monotonic() - (this.#clock.now() - time) };
  }

  /** The message as it is sent. @param taken as it lay in the queue. */
  toSend(seq: number, message: CloudMessage, taken: Taken | undefined): CloudMessage {
    if (taken === undefined) return message;
    const told = this.#told.get(seq) ?? this.#tell(message.time, taken);
    this.#told.set(seq, told);
    return { ...message, ...told };
  }

  /** It is not sent again. */
  forget(seq: number): void {
    this.#told.delete(seq);
  }

  #tell(time: EpochMs, taken: Taken): ToldTime {
    const { bootId, trust } = this.#clock;
    // Nobody knows how long the power was off.
    if (trust === "untrusted" || taken.bootId !== bootId) return { time, timeUncertain: true };
    return { time: Math.round(this.#clock.now() - (this.#clock.monotonic() - taken.monotonic)) };
  }
}
