import { LevelNode } from "./level-node.ts";

/** One subscriber's subscription to one filter. */
export interface Subscription<Subscriber, Options> {
  readonly subscriber: Subscriber;
  options: Options;
}

export type Held<Subscriber, Options> =
  | Subscription<Subscriber, Options>
  | Map<Subscriber, Subscription<Subscriber, Options>>;

/**
 * A level of some filter, and the subscriptions whose filters end there. Wildcards are levels like any other: no topic
 * has a level of that name. A single subscription stands for itself, without a `Map`.
 */
export class SubscriptionNode<Subscriber, Options> extends LevelNode<SubscriptionNode<Subscriber, Options>> {
  #held: Held<Subscriber, Options> | undefined = undefined;

  get held(): Held<Subscriber, Options> | undefined {
    return this.#held;
  }

  get isEmpty(): boolean {
    return this.#held === undefined && !this.hasChildren;
  }

  find(subscriber: Subscriber): Subscription<Subscriber, Options> | undefined {
    const held = this.#held;
    if (held instanceof Map) return held.get(subscriber);
    return held?.subscriber === subscriber ? held : undefined;
  }

  /** @param subscription is of a subscriber that has none here yet. */
  hold(subscription: Subscription<Subscriber, Options>): void {
    const held = this.#held;
    if (held === undefined) {
      this.#held = subscription;
    } else if (held instanceof Map) {
      held.set(subscription.subscriber, subscription);
    } else {
      this.#held = new Map([
        [held.subscriber, held],
        [subscription.subscriber, subscription],
      ]);
    }
  }

  /** @returns whether there was something to release. */
  release(subscriber: Subscriber): boolean {
    const held = this.#held;
    if (held instanceof Map) {
      const released = held.delete(subscriber);
      if (held.size === 1) [this.#held] = held.values();
      return released;
    }
    if (held?.subscriber !== subscriber) return false;
    this.#held = undefined;
    return true;
  }
}
