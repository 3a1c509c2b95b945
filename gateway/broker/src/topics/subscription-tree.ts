import { type Held, type Subscription, SubscriptionNode } from "./subscription-node.ts";
import type { TopicFilter } from "./topic-filter.ts";
import type { TopicName } from "./topic-name.ts";
import { isServersOwn } from "./topic-text.ts";

/** A subscriber with all its subscriptions that match a topic. */
export interface Match<Subscriber, Options> {
  readonly subscriber: Subscriber;
  /**
   * At least one; in no particular order. MQTT 5.0 §3.3.4: whoever delivers once takes the maximum QoS of them
   * [MQTT-3.3.4-2] and all their subscription identifiers [MQTT-3.3.4-4].
   */
  readonly options: readonly Options[];
}

interface GrowingMatch<Subscriber, Options> {
  readonly subscriber: Subscriber;
  readonly options: Options[];
}

/**
 * Who has subscribed to what: a tree of the levels of filters. Subscribers are told apart by identity; options (QoS, no
 * local, retain handling, identifier) are kept and handed back, never looked at.
 *
 * A match looks at the nodes that fit a prefix of the topic and at no others: at most two for each node of the level
 * above, whatever else the tree holds. Only filters that all fit the beginning of the topic can make them many, so who
 * bounds the filters of a client bounds what it can cost.
 */
export class SubscriptionTree<Subscriber, Options> {
  readonly #root = new SubscriptionNode<Subscriber, Options>("", undefined);
  /** Where each subscriber has subscriptions, so that one that leaves is not searched for. */
  readonly #nodesOf = new Map<Subscriber, Set<SubscriptionNode<Subscriber, Options>>>();
  readonly #changed: ((filter: TopicFilter) => void) | undefined;
  #size = 0;
  #nodes = 0;
  #visited = 0;

  /** @param changed is told of each filter whose subscriptions have just changed: a cache forgets what it matched. */
  constructor(changed?: (filter: TopicFilter) => void) {
    this.#changed = changed;
  }

  /** Subscriptions held. */
  get size(): number {
    return this.#size;
  }

  /** Nodes held, each of about 100 bytes: how much of the memory belongs to the levels of filters. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Nodes that matches have looked at since the tree was made: the cost of matching, as a test or a meter sees it. */
  get visited(): number {
    return this.#visited;
  }

  /** Subscribes; `replaced` when this subscriber had the very same filter [MQTT-3.8.4-3]. */
  add(filter: TopicFilter, subscriber: Subscriber, options: Options): "added" | "replaced" {
    const node = this.#grow(filter);
    const known = node.find(subscriber);
    if (known !== undefined) {
      known.options = options;
    } else {
      node.hold({ subscriber, options });
      const nodes = this.#nodesOf.get(subscriber);
      if (nodes === undefined) this.#nodesOf.set(subscriber, new Set([node]));
      else nodes.add(node);
      this.#size++;
    }
    this.#changed?.(filter);
    return known === undefined ? "added" : "replaced";
  }

  /** @returns whether there was such a subscription; the filter is compared character by character [MQTT-3.10.4-1]. */
  remove(filter: TopicFilter, subscriber: Subscriber): boolean {
    const node = this.#find(filter);
    if (node === undefined || !node.release(subscriber)) return false;
    const nodes = this.#nodesOf.get(subscriber);
    nodes?.delete(node);
    if (nodes?.size === 0) this.#nodesOf.delete(subscriber);
    this.#size--;
    this.#prune(node);
    this.#changed?.(filter);
    return true;
  }

  /** Removes all subscriptions of a subscriber. @returns how many there were. */
  removeAll(subscriber: Subscriber): number {
    const nodes = this.#nodesOf.get(subscriber);
    if (nodes === undefined) return 0;
    this.#nodesOf.delete(subscriber);
    for (const node of nodes) {
      node.release(subscriber);
      this.#size--;
      this.#prune(node);
      if (this.#changed !== undefined) this.#changed(node.path as TopicFilter);
    }
    return nodes.size;
  }

  /** What a subscriber has subscribed to. */
  *of(subscriber: Subscriber): Generator<{ readonly filter: TopicFilter; readonly options: Options }> {
    for (const node of this.#nodesOf.get(subscriber) ?? []) {
      const found = node.find(subscriber);
      if (found !== undefined) yield { filter: node.path as TopicFilter, options: found.options };
    }
  }

  /** Everybody who has a subscription that matches, each once. */
  match(topic: TopicName): Match<Subscriber, Options>[] {
    const found = new Found<Subscriber, Options>();
    // Level by level and without recursion: the depth is the client's choice, the stack is ours.
    let nodes = [this.#root];
    let passesBy = isServersOwn(topic); // [MQTT-4.7.2-1], at the first level only.
    for (let start = 0, slash = 0; slash >= 0 && nodes.length > 0; start = slash + 1) {
      slash = topic.indexOf("/", start);
      const level = slash < 0 ? topic.slice(start) : topic.slice(start, slash);
      const next: SubscriptionNode<Subscriber, Options>[] = [];
      this.#visited += nodes.length;
      for (const node of nodes) {
        const child = node.child(level);
        if (child !== undefined) next.push(child);
        if (passesBy) continue;
        const single = node.child("+");
        if (single !== undefined) next.push(single);
        found.add(node.child("#")?.held);
      }
      passesBy = false;
      nodes = next;
    }
    this.#visited += nodes.length;
    for (const node of nodes) {
      found.add(node.held);
      found.add(node.child("#")?.held); // §4.7.1.2: `a/#` matches `a` too.
    }
    return found.matches;
  }

  #grow(filter: TopicFilter): SubscriptionNode<Subscriber, Options> {
    let node = this.#root;
    for (const level of filter.split("/")) {
      let child = node.child(level);
      if (child === undefined) {
        child = new SubscriptionNode<Subscriber, Options>(level, node);
        node.addChild(child);
        this.#nodes++;
      }
      node = child;
    }
    return node;
  }

  #find(filter: TopicFilter): SubscriptionNode<Subscriber, Options> | undefined {
    let node: SubscriptionNode<Subscriber, Options> | undefined = this.#root;
    for (const level of filter.split("/")) {
      node = node.child(level);
      if (node === undefined) return undefined;
    }
    return node;
  }

  /** Takes away a node that nothing needs any more, and then those above it. */
  #prune(from: SubscriptionNode<Subscriber, Options>): void {
    let node = from;
    for (let parent = node.parent; parent !== undefined && node.isEmpty; parent = node.parent) {
      parent.removeChild(node);
      this.#nodes--;
      node = parent;
    }
  }
}

/** So many are searched one by one, before a `Map` is worth its making. */
const FEW = 8;

/** Gathers subscriptions by subscriber. As long as they come from one node no subscriber can come twice. */
class Found<Subscriber, Options> {
  readonly matches: GrowingMatch<Subscriber, Options>[] = [];
  #bySubscriber: Map<Subscriber, GrowingMatch<Subscriber, Options>> | undefined;

  add(held: Held<Subscriber, Options> | undefined): void {
    if (held === undefined) return;
    const { matches } = this;
    // Whoever was found before this node may be found again in it.
    const earlier = matches.length;
    if (earlier > FEW) {
      this.#bySubscriber ??= new Map(matches.map((match) => [match.subscriber, match]));
    }
    if (!(held instanceof Map)) this.#addOne(held, earlier);
    else for (const subscription of held.values()) this.#addOne(subscription, earlier);
  }

  #addOne({ subscriber, options }: Subscription<Subscriber, Options>, earlier: number): void {
    const known =
      this.#bySubscriber === undefined
        ? this.#search(subscriber, earlier)
        : this.#bySubscriber.get(subscriber);
    if (known !== undefined) {
      known.options.push(options);
      return;
    }
    const match = { subscriber, options: [options] };
    this.matches.push(match);
    this.#bySubscriber?.set(subscriber, match);
  }

  #search(subscriber: Subscriber, earlier: number): GrowingMatch<Subscriber, Options> | undefined {
    for (let index = 0; index < earlier; index++) {
      const match = this.matches[index];
      if (match?.subscriber === subscriber) return match;
    }
    return undefined;
  }
}
