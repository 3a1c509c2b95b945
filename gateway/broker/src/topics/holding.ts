import type { RetainedLimits } from "./retained-tree.ts";

/**
 * What somebody holds of the retained messages, and how much that may be. What is in a share is in the whole that it is
 * a share of as well.
 */
export class Holding {
  readonly limits: RetainedLimits;
  readonly whole: Holding | undefined;
  #messages = 0;
  #bytes = 0;

  constructor(limits: RetainedLimits, whole?: Holding) {
    this.limits = limits;
    this.whole = whole;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Of the messages, and of the nodes that were made for them. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param added bytes that come.
   * @param instead what goes for it, and who holds that.
   * @returns why it does not fit, or undefined when it does. What does not grow fits, however low the limit.
   */
  refusal(
    added: number,
    instead: { readonly holding: Holding; readonly bytes: number } | undefined,
  ): "too-many" | "too-large" | undefined {
    const isHeld = instead?.holding === this || instead?.holding.whole === this;
    if (!isHeld && this.#messages >= this.limits.messages) return "too-many";
    const growth = added - (isHeld ? instead.bytes : 0);
    if (growth > 0 && this.#bytes + growth > this.limits.bytes) return "too-large";
    return this.whole?.refusal(added, instead);
  }

  /** Either may be negative. */
  add(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
    this.whole?.add(messages, bytes);
  }
}
