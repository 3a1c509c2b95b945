import type { CloudPace } from "@tram/core";
import type { Ms } from "@tram/protocol";

/**
 * How a provider's limit is used. A bucket lets its burst and its rate through in the worst second, so the two together
 * stay 5 % below the limit: what leaves us evenly reaches the cloud a little less so.
 */
const RATE = 0.8;
const BURST = 0.15;
/** What telemetry and state leave in the bucket: an alarm or a reply finds it there. */
const RESERVE = 0.1;
/** What a provider counts in. */
const WINDOW_MS: Ms = 1_000;

/** Which messages may use the reserve. */
export type Urgency = "urgent" | "bulk";

/**
 * Keeps what is sent below a provider's limits: in any second at most so many messages and so many bytes. Time is an
 * argument.
 */
export class Pace {
  readonly #messages: Bucket;
  readonly #bytes: Bucket;
  readonly #window: SecondWindow;

  /** @param pace at least one message and one byte a second. @param nowMs the monotonic clock. */
  constructor(pace: CloudPace, nowMs: Ms) {
    this.#messages = new Bucket(pace.messagesPerS, 1, nowMs);
    this.#bytes = new Bucket(pace.bytesPerS, 0, nowMs);
    this.#window = new SecondWindow(pace.bytesPerS * (RATE + BURST));
  }

  /** How many messages may leave now, as far as their number matters. */
  room(urgency: Urgency, nowMs: Ms): number {
    return this.#messages.room(urgency, nowMs);
  }

  /** Milliseconds until a message of this size may leave; 0 for now. */
  waitMs(bytes: number, urgency: Urgency, nowMs: Ms): Ms {
    return Math.max(
      this.#messages.waitMs(1, urgency, nowMs),
      this.#bytes.waitMs(bytes, urgency, nowMs),
      this.#window.waitMs(bytes, nowMs),
    );
  }

  /** A message leaves. */
  spend(bytes: number, nowMs: Ms): void {
    this.#messages.spend(1, nowMs);
    this.#bytes.spend(bytes, nowMs);
    this.#window.spend(bytes, nowMs);
  }
}

/** A rate with a burst. What is larger than the burst leaves when the bucket is full, and is paid off afterwards. */
class Bucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #reserve: number;
  #level: number;
  #at: Ms;

  /** @param least what the burst holds at least. */
  constructor(limit: number, least: number, nowMs: Ms) {
    this.#perSecond = limit * RATE;
    this.#burst = Math.max(least, limit * BURST);
    this.#reserve = Math.max(0, Math.min(limit * RESERVE, this.#burst - least));
    this.#level = this.#burst;
    this.#at = nowMs;
  }

  room(urgency: Urgency, nowMs: Ms): number {
    this.#fill(nowMs);
    return Math.max(0, Math.floor(this.#level - this.#kept(urgency)));
  }

  waitMs(amount: number, urgency: Urgency, nowMs: Ms): Ms {
    this.#fill(nowMs);
    const needed = Math.min(this.#burst, amount + this.#kept(urgency));
    return this.#level >= needed ? 0 : Math.ceil(((needed - this.#level) / this.#perSecond) * 1_000);
  }

  spend(amount: number, nowMs: Ms): void {
    this.#fill(nowMs);
    this.#level -= amount;
  }

  #kept(urgency: Urgency): number {
    return urgency === "urgent" ? 0 : this.#reserve;
  }

  #fill(nowMs: Ms): void {
    const gained = (Math.max(0, nowMs - this.#at) * this.#perSecond) / 1_000;
    this.#level = Math.min(this.#burst, this.#level + gained);
    this.#at = nowMs;
  }
}

/**
 * What left in the last second, to the byte. A bucket alone could not keep the limit: one message may be as large as a
 * quarter of a second's bytes.
 */
class SecondWindow {
  readonly #most: number;
  #sent: { readonly at: Ms; readonly bytes: number }[] = [];
  #total = 0;

  constructor(most: number) {
    this.#most = most;
  }

  waitMs(bytes: number, nowMs: Ms): Ms {
    this.#forget(nowMs);
    let left = this.#total;
    if (this.#fits(left, bytes)) return 0;
    for (const { at, bytes: gone } of this.#sent) {
      left -= gone;
      if (this.#fits(left, bytes)) return Math.ceil(at + WINDOW_MS - nowMs);
    }
    return 0;
  }

  /** A message that is larger than the limit itself may leave when nothing else does; its provider will judge it. */
  #fits(sent: number, bytes: number): boolean {
    return sent <= 0 || sent + bytes <= this.#most;
  }

  spend(bytes: number, nowMs: Ms): void {
    this.#forget(nowMs);
    this.#sent.push({ at: nowMs, bytes });
    this.#total += bytes;
  }

  #forget(nowMs: Ms): void {
    const kept = this.#sent.findIndex(({ at }) => at > nowMs - WINDOW_MS);
    const gone = kept < 0 ? this.#sent.splice(0) : this.#sent.splice(0, kept);
    for (const { bytes } of gone) this.#total -= bytes;
  }
}
