import { matches, type TopicFilter } from "./topic-filter.ts";
import type { TopicName } from "./topic-name.ts";

export interface MatchCacheLimits {
  /** Topics remembered; 0 turns the cache off. */
  readonly topics: number;
  /** Receivers of all remembered topics together, 8 bytes each plus what `resolve` makes for each. */
  readonly receivers: number;
  /** UTF-16 units; longer topics are matched each time. */
  readonly topicLength: number;
}

export const DEFAULT_MATCH_CACHE_LIMITS: MatchCacheLimits = {
  topics: 4_096,
  receivers: 65_536,
  topicLength: 256,
};

/** Changes that are checked one by one. A topic that has missed more of them is matched anew, which is then cheaper. */
const JOURNAL_LENGTH = 32;
const OUTDATED = -1;
/** More than one, so that topics that come twice and never again lose against those that come all day. */
const MOST_LIVES = 3;
const NOBODY: readonly never[] = [];

interface Entry<Receiver> {
  receivers: readonly Receiver[];
  /** The changes up to this one are known not to concern it. */
  change: number;
  /** How often the hand still passes it by: one for each time it was asked for again, up to `MOST_LIVES`. */
  lives: number;
}

/**
 * Remembers who receives a topic.
 *
 * A change of subscriptions is only written down. A remembered topic is held against the changes that it missed when it
 * is asked for again, so clients that come and go cost the topics of others next to nothing.
 *
 * The hand that makes room goes from the oldest to the newest, spares what was asked for again since it last came by, and
 * then stays near the newest (as the SIEVE algorithm does, Zhang et al., NSDI 2024, here with a count instead of a
 * mark): a flood of topics that come once drives out itself and not the topics in use. A topic that is new during a
 * flood is remembered once it comes twice in a row; until then it costs a match each time.
 */
export class MatchCache<Receiver> {
  readonly #entries = new Map<string, Entry<Receiver>>();
  readonly #resolve: (topic: TopicName) => readonly Receiver[];
  readonly #limits: MatchCacheLimits;
  readonly #journal: TopicFilter[] = [];
  #change = 0;
  #receivers = 0;
  #hand: Iterator<[string, Entry<Receiver>]> | undefined;

  /** @param resolve finds the receivers of a topic; it is called for what is not remembered and changes nothing. */
  constructor(
    resolve: (topic: TopicName) => readonly Receiver[],
    limits: MatchCacheLimits = DEFAULT_MATCH_CACHE_LIMITS,
  ) {
    this.#resolve = resolve;
    this.#limits = limits;
  }

  /** Topics remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** Receivers of all remembered topics together. */
  get receivers(): number {
    return this.#receivers;
  }

  /**
   * The receivers of a topic, if they are remembered: one look into a `Map`. What is remembered was a valid topic name,
   * so a name that is found needs no check; any other string is just not found.
   */
  get(topic: string): readonly Receiver[] | undefined {
    const entry = this.#entries.get(topic);
    if (entry === undefined) return undefined;
    if (entry.lives < MOST_LIVES) entry.lives++;
    if (entry.change !== this.#change && !this.#catchUp(topic as TopicName, entry)) return undefined;
    return entry.receivers;
  }

  /** The receivers of a topic, remembered or found now. */
  of(topic: TopicName): readonly Receiver[] {
    const remembered = this.get(topic);
    if (remembered !== undefined) return remembered;
    const receivers = this.#resolve(topic);
    this.#remember(topic, receivers);
    return receivers;
  }

  /**
   * To be called after each change of the subscriptions to a filter. A receiver that has left may be held on to for as
   * long as nobody asks for its topics, and until 64 further changes at most.
   */
  changed(filter: TopicFilter): void {
    this.#change++;
    this.#journal[this.#change % JOURNAL_LENGTH] = filter;
    if (this.#change % JOURNAL_LENGTH === 0) this.#sweep();
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#receivers = 0;
    this.#hand = undefined;
  }

  /** @returns whether the entry holds in spite of the changes that it missed. */
  #catchUp(topic: TopicName, entry: Entry<Receiver>): boolean {
    let holds = this.#isInJournal(entry);
    for (let change = entry.change + 1; holds && change <= this.#change; change++) {
      const filter = this.#journal[change % JOURNAL_LENGTH];
      holds = filter !== undefined && !matches(filter, topic);
    }
    if (holds) {
      entry.change = this.#change;
    } else {
      this.#receivers -= entry.receivers.length;
      entry.receivers = NOBODY;
      entry.change = OUTDATED;
    }
    return holds;
  }

  #isInJournal(entry: Entry<Receiver>): boolean {
    return entry.change !== OUTDATED && this.#change - entry.change <= JOURNAL_LENGTH;
  }

  #remember(topic: TopicName, receivers: readonly Receiver[]): void {
    const { topics, receivers: most, topicLength } = this.#limits;
    if (topics < 1 || topic.length > topicLength || receivers.length > most) return;
    // Room is made before the newcomer is there: the hand would often find it first.
    const growth = this.#entries.has(topic) ? 0 : 1;
    while (this.#entries.size + growth > topics || this.#receivers + receivers.length > most) this.#evict();
    const outdated = this.#entries.get(topic);
    if (outdated === undefined) {
      this.#entries.set(topic, { receivers, change: this.#change, lives: 0 });
    } else {
      outdated.receivers = receivers;
      outdated.change = this.#change;
    }
    this.#receivers += receivers.length;
  }

  /** One step of the hand. */
  #evict(): void {
    this.#hand ??= this.#entries.entries();
    const step = this.#hand.next();
    if (step.done === true) {
      this.#hand = undefined;
      return;
    }
    const [topic, entry] = step.value;
    if (entry.lives > 0) entry.lives--;
    else this.#forget(topic, entry);
  }

  #forget(topic: string, entry: Entry<Receiver>): void {
    this.#entries.delete(topic);
    this.#receivers -= entry.receivers.length;
  }

  /** Lets go of what the journal no longer covers: it would hold on to subscribers that have long left. */
  #sweep(): void {
    for (const [topic, entry] of this.#entries) {
      if (!this.#isInJournal(entry)) this.#forget(topic, entry);
    }
    // V8: an iterator that stands still while entries come and go keeps each outgrown table of the Map alive.
    this.#hand = undefined;
  }
}
