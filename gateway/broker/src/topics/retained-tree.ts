import type { EpochMs } from "@tram/protocol";
import { type Expiring, ExpiryQueue } from "./expiry-queue.ts";
import { Holding } from "./holding.ts";
import { LevelNode } from "./level-node.ts";
import type { TopicFilter } from "./topic-filter.ts";
import type { TopicName } from "./topic-name.ts";
import { isServersOwn } from "./topic-text.ts";

/** A retained message as it is kept. */
export interface Retained<Value> {
  readonly topic: TopicName;
  readonly value: Value;
  /** As the caller counted them. */
  readonly bytes: number;
  /** From this moment on it is not given out any more; `Infinity` when it does not expire. */
  readonly expiresAt: EpochMs;
}

export interface RetainedOptions {
  /** What the message costs: topic, payload and properties. 0 or more. */
  readonly bytes: number;
  /** By the clock that `now` is read from. Without it the message does not expire. */
  readonly expiresAt?: EpochMs | undefined;
  /** Whose it is; without it, one that has the limits of the tree. */
  readonly holding?: Holding;
}

export interface RetainedLimits {
  readonly messages: number;
  /** Of the messages and of the nodes that hold them. */
  readonly bytes: number;
}

/** `too-many`, `too-large`: a limit would be exceeded, nothing has changed, and the earlier message is still kept. */
export type KeepResult = "kept" | "replaced" | "too-many" | "too-large";

/** What a level of a topic costs beside its text, rounded up: a node and its place in the `Map` of its parent. */
export const NODE_BYTES = 128;

/** Nodes that `match` looks at before it lets others have their turn. */
export const NODES_PER_TURN = 4_096;

class RetainedNode<Value> extends LevelNode<RetainedNode<Value>> {
  message: RetainedMessage<Value> | undefined = undefined;
  /** For whom it was made: who keeps others below it pays for those alone. */
  readonly holding: Holding;

  constructor(level: string, parent: RetainedNode<Value> | undefined, holding: Holding) {
    super(level, parent);
    this.holding = holding;
  }
}

class RetainedMessage<Value> implements Retained<Value>, Expiring {
  readonly topic: TopicName;
  readonly value: Value;
  readonly bytes: number;
  readonly expiresAt: EpochMs;
  readonly holding: Holding;
  queueIndex = 0;

  constructor(
    topic: TopicName,
    value: Value,
    { bytes, expiresAt = Infinity }: RetainedOptions,
    holding: Holding,
  ) {
    this.topic = topic;
    this.value = value;
    this.bytes = bytes;
    this.expiresAt = expiresAt;
    this.holding = holding;
  }
}

/**
 * The retained messages, by topic: a tree of the levels of topics. A filter is answered from the part of the tree that
 * fits it. What has expired is not given out, and is removed by `expire` alone, so that who keeps the messages on disk
 * hears of each.
 */
export class RetainedTree<Value> {
  readonly #all: Holding;
  readonly #root: RetainedNode<Value>;
  readonly #expiring = new ExpiryQueue<RetainedMessage<Value>>();
  #size = 0;
  #messageBytes = 0;
  #nodes = 0;
  #visited = 0;

  /** @param limits of what is kept for nobody in particular. */
  constructor(limits: RetainedLimits) {
    this.#all = new Holding(limits);
    this.#root = new RetainedNode("", undefined, this.#all);
  }

  /** Messages kept, those that have expired and are not removed yet among them. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of all messages, as the caller counted them, and of the nodes. */
  get bytes(): number {
    return this.#messageBytes + this.#nodes * NODE_BYTES;
  }

  /** Nodes that `match` has looked at since the tree was made: its cost, as a test or a meter sees it. */
  get visited(): number {
    return this.#visited;
  }

  /** When the next message expires; undefined when none does. */
  get nextExpiry(): EpochMs | undefined {
    return this.#expiring.first?.expiresAt;
  }

  /**
   * Keeps a message instead of the earlier one of its topic [MQTT-3.3.1-5]. An empty payload is not kept but `remove`d
   * [MQTT-3.3.1-6]. Messages that have expired count until `expire` removes them.
   */
  keep(topic: TopicName, value: Value, options: RetainedOptions): KeepResult {
    const levels = topic.split("/");
    let { depth, node } = this.#reach(levels);
    const earlier = depth === levels.length ? node.message : undefined;
    const holding = this.#holderOf(options, earlier, levels.length - depth);
    if (typeof holding === "string") return holding;
    holding.add(0, (levels.length - depth) * NODE_BYTES);
    for (; depth < levels.length; depth++) {
      const child = new RetainedNode<Value>(levels[depth] ?? "", node, holding);
      node.addChild(child);
      this.#nodes++;
      node = child;
    }
    if (earlier !== undefined) this.#drop(node, earlier);
    // Each message brings its topic as a text of its own; the one that is there is enough.
    const message = new RetainedMessage(earlier?.topic ?? topic, value, options, holding);
    node.message = message;
    this.#size++;
    this.#messageBytes += message.bytes;
    holding.add(1, message.bytes);
    if (message.expiresAt !== Infinity) this.#expiring.add(message);
    return earlier === undefined ? "kept" : "replaced";
  }

  /** `keep` would take it. */
  fits(topic: TopicName, options: RetainedOptions): boolean {
    const { bytes, holding = this.#all } = options;
    // Mostly there is room, whatever the tree has of the topic already; it has at most one level more than letters.
    if (holding.refusal(bytes + (topic.length + 1) * NODE_BYTES, undefined) === undefined) return true;
    const levels = topic.split("/");
    const { depth, node } = this.#reach(levels);
    const earlier = depth === levels.length ? node.message : undefined;
    return typeof this.#holderOf(options, earlier, levels.length - depth) !== "string";
  }

  /** @returns whether there was a message, expired or not. */
  remove(topic: TopicName): boolean {
    const node = this.#find(topic);
    if (node?.message === undefined) return false;
    this.#drop(node, node.message);
    this.#prune(node);
    return true;
  }

  /** The message of a topic, expired or not. */
  peek(topic: TopicName): Retained<Value> | undefined {
    return this.#find(topic)?.message;
  }

  /**
   * The messages that a filter matches, in no particular order. They are found as they are taken. The tree may change in
   * between: what is kept meanwhile may be met or not, what is removed is not met, and no topic is met twice.
   * After every so many nodes it gives undefined, whether anything was found or not: who takes may give up his turn there.
   * Nodes are counted for all filters together, for each of many filters may be done with few.
   * @param now by this clock messages expire, however long the taking lasts.
   */
  *match(filter: TopicFilter, now: EpochMs): Generator<Retained<Value> | undefined, void> {
    const levels = filter.split("/");
    // Without recursion: the depth is the client's choice, the stack is ours. A `depth` of Infinity takes all below.
    const open: { readonly node: RetainedNode<Value>; readonly depth: number }[] = [
      { node: this.#root, depth: 0 },
    ];
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      const { node, depth } = step;
      if (++this.#visited % NODES_PER_TURN === 0) yield undefined;
      const level = levels[depth];
      // §4.7.1.2: `a/#` matches `a` too, so the node before the `#` gives its own message.
      if (level === undefined || level === "#") {
        const { message } = node;
        if (message !== undefined && now < message.expiresAt) yield message;
        if (depth === levels.length) continue;
      }
      if (level !== undefined && level !== "#" && level !== "+") {
        const child = node.child(level);
        if (child !== undefined) open.push({ node: child, depth: depth + 1 });
        continue;
      }
      const next = level === "+" ? depth + 1 : Infinity;
      for (const child of node.children()) {
        if (node === this.#root && isServersOwn(child.level)) continue; // [MQTT-4.7.2-1]
        open.push({ node: child, depth: next });
      }
    }
  }

  /**
   * Removes what has expired, the earliest first.
   * @param most messages to remove in this call, so that the event loop goes on; there is more while `nextExpiry` is past.
   * @returns those removed.
   */
  expire(now: EpochMs, most: number): Retained<Value>[] {
    const removed: Retained<Value>[] = [];
    for (let first = this.#expiring.first; first !== undefined; first = this.#expiring.first) {
      if (now < first.expiresAt || removed.length >= most) break;
      removed.push(first);
      this.remove(first.topic);
    }
    return removed;
  }

  /** How far down the tree has the levels, and the last node of them. */
  #reach(levels: readonly string[]): { readonly depth: number; readonly node: RetainedNode<Value> } {
    let depth = 0;
    let node = this.#root;
    for (; depth < levels.length; depth++) {
      const child = node.child(levels[depth] ?? "");
      if (child === undefined) break;
      node = child;
    }
    return { depth, node };
  }

  /**
   * Who holds a message from now on. Where whoever says it has no room, it stays with whom it was, if it does not grow or
   * that was nobody: what is known is not lost for a limit that came later.
   */
  #holderOf(
    { bytes, holding = this.#all }: RetainedOptions,
    earlier: RetainedMessage<Value> | undefined,
    newNodes: number,
  ): Holding | "too-many" | "too-large" {
    const refusal = holding.refusal(bytes + newNodes * NODE_BYTES, earlier);
    if (refusal === undefined) return holding;
    if (earlier === undefined) return refusal;
    if (bytes <= earlier.bytes) return earlier.holding;
    if (earlier.holding !== holding.whole) return refusal;
    return earlier.holding.refusal(bytes, earlier) ?? earlier.holding;
  }

  #find(topic: TopicName): RetainedNode<Value> | undefined {
    let node: RetainedNode<Value> | undefined = this.#root;
    for (const level of topic.split("/")) {
      node = node.child(level);
      if (node === undefined) return undefined;
    }
    return node;
  }

  #drop(node: RetainedNode<Value>, message: RetainedMessage<Value>): void {
    node.message = undefined;
    this.#size--;
    this.#messageBytes -= message.bytes;
    message.holding.add(-1, -message.bytes);
    if (message.expiresAt !== Infinity) this.#expiring.remove(message);
  }

  /** Takes away a node that nothing needs any more, and then those above it. */
  #prune(from: RetainedNode<Value>): void {
    let node = from;
    for (let parent = node.parent; parent !== undefined; parent = node.parent) {
      if (node.message !== undefined || node.hasChildren) break;
      parent.removeChild(node);
      this.#nodes--;
      node.holding.add(0, -NODE_BYTES);
      node = parent;
    }
  }
}
