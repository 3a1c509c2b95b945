import type { EpochMs, Ms } from "@tram/protocol";
import { type Mark, wallOf } from "./block-layout.ts";

/**
 * How the wall clock of each boot stood to its monotonic one, once it could be believed. What happened earlier in the
 * same boot, under a clock that nobody had set, gets its time from there.
 */
export class ClockBook {
  /** By boot, in the order of the monotonic clock: the first believable point after each stretch of others. */
  readonly #boots = new Map<string, { readonly trusted: Mark[]; believed: boolean }>();

  /** Marks of one boot come in their order. */
  add(bootId: string, mark: Mark): void {
    const boot = this.#boots.get(bootId) ?? { trusted: [], believed: false };
    this.#boots.set(bootId, boot);
    const believed = mark.trust !== "untrusted";
    if (believed && !boot.believed) boot.trusted.push(mark);
    boot.believed = believed;
  }

  /** @returns wall minus monotonic at the next believable point, undefined where there is none. */
  readonly laterOffset = (bootId: string, monotonic: Ms): Ms | undefined =>
    this.#boots.get(bootId)?.trusted.find((mark) => mark.monotonic >= monotonic)?.offset;

  /** When it really was, as far as is known. */
  timeOf(bootId: string, mark: Mark): EpochMs {
    if (mark.trust !== "untrusted") return wallOf(mark);
    return mark.monotonic + (this.laterOffset(bootId, mark.monotonic) ?? mark.offset);
  }
}
