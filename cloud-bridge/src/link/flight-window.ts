import type { Ms } from "@tram/protocol";

/** Bytes that may be unanswered at first: four seconds of a line of 64 kbit/s. */
const FIRST_BYTES = 32_768;
const LEAST_BYTES = 8_192;
const MOST_BYTES = 4_194_304;
/** Longest time that a message should wait behind others that are on the line already. */
const QUEUE_MS: Ms = 2_000;

/**
 * How many bytes may be on the line without an answer. A slow line takes whatever it is given into its buffers, and an
 * alarm would wait behind all of it, and a keep-alive too, so that a line that lives seems dead. What an answer takes
 * longer than on the empty line is the queue on the line: the window grows while there is none and shrinks before it
 * is too long (the idea of RFC 6817, with whole answers instead of packets).
 */
export class FlightWindow {
  #limit = FIRST_BYTES;
  #flying = 0;
  #fastestMs: Ms = Number.POSITIVE_INFINITY;
  /** Of those that fly, what left before the window was made smaller: it tells nothing about the smaller one. */
  #before = 0;

  /** Bytes that may be unanswered. */
  get limit(): number {
    return this.#limit;
  }

  /** Whether a message may join those that fly. One alone always may. */
  admits(bytes: number): boolean {
    return this.#flying === 0 || this.#flying + bytes <= this.#limit;
  }

  sent(bytes: number): void {
    this.#flying += bytes;
  }

  /** @param tookMs from handing it over to its answer. */
  answered(bytes: number, tookMs: Ms): void {
    const wasFull = this.#flying * 2 >= this.#limit;
    this.#flying = Math.max(0, this.#flying - bytes);
    this.#fastestMs = Math.min(this.#fastestMs, tookMs);
    const queuedMs = tookMs - this.#fastestMs;
    if (this.#before > 0) this.#before -= bytes;
    else if (queuedMs > QUEUE_MS) {
      this.#limit = Math.max(LEAST_BYTES, Math.floor(this.#limit / 2));
      this.#before = this.#flying;
    } else if (queuedMs < QUEUE_MS / 2 && wasFull) this.#limit = Math.min(MOST_BYTES, this.#limit + bytes);
  }
}
