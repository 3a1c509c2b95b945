import { type Clock, type MqttMessage, TokenBucket } from "@tram/core";
import { type EpochMs, MAPPING_LIMITS, type Ms } from "@tram/protocol";

export const UNCLAIMED_LIMITS = {
  /** Topics that are remembered. Whoever has the most of them loses its oldest. */
  topics: 512,
  /** New topics in a second, and at once. */
  perSecond: 64,
  burst: 512,
  /** What is kept of a payload, in bytes. */
  payloadBytes: 1_024,
  /** Short payloads of the topic that are kept besides, to see what values there are. */
  samples: 4,
  sampleCharacters: 64,
  /** A sample is looked at so often at most. */
  lookMs: 1_000,
} as const;

/** A topic that nobody has. */
export interface Unclaimed {
  readonly topic: string;
  account: string;
  /** The beginning of the last payload as text; undefined when it is none. */
  payload: string | undefined;
  /** It is longer than what is kept. */
  clipped: boolean;
  /** Some different payloads, the first ones. */
  readonly samples: string[];
  count: number;
  lastAt: EpochMs;
  lookedAt: Ms;
}

/**
 * Topics that no Thing has, as they were heard last: what the proposals are made of. Kept in memory, bounded whatever is
 * published: a known topic costs a look-up and now and then a look at its payload, a new one is taken only at a bounded rate.
 */
export class UnclaimedTopics {
  readonly #clock: Pick<Clock, "monotonic" | "now">;
  readonly #topics = new Map<string, Unclaimed>();
  readonly #perAccount = new Map<string, number>();
  readonly #bucket: TokenBucket;
  #unheard = 0;

  constructor(clock: Pick<Clock, "monotonic" | "now">) {
    this.#clock = clock;
    this.#bucket = new TokenBucket(UNCLAIMED_LIMITS.perSecond, UNCLAIMED_LIMITS.burst, clock.monotonic());
  }

  /** Newest first. */
  all(): readonly Unclaimed[] {
    return [...this.#topics.values()].sort((one, other) => other.lastAt - one.lastAt);
  }

  /** Messages about topics that were not remembered, since the start. */
  get unheard(): number {
    return this.#unheard;
  }

  note(account: string, { payload, topic }: MqttMessage): void {
    const now = this.#clock.monotonic();
    let known = this.#topics.get(topic);
    if (known === undefined) {
      if (topic.length > MAPPING_LIMITS.topicCharacters || !this.#bucket.take(1, now)) {
        this.#unheard++;
        return;
      }
      known = this.#remember(topic, account);
    }
    known.count++;
    if (now - known.lookedAt < UNCLAIMED_LIMITS.lookMs) return;
    known.lookedAt = now;
    known.lastAt = this.#clock.now();
    // Nothing is said by clearing a retained value.
    if (payload.length === 0) return;
    known.clipped = payload.length > UNCLAIMED_LIMITS.payloadBytes;
    known.payload = textOf(payload.subarray(0, UNCLAIMED_LIMITS.payloadBytes), known.clipped);
    const { samples } = known;
    const text = known.payload ?? "";
    if (text === "" || text.length > UNCLAIMED_LIMITS.sampleCharacters || samples.includes(text)) return;
    if (samples.length < UNCLAIMED_LIMITS.samples) samples.push(text);
  }

  /** It has been claimed. */
  forget(topic: string): void {
    const known = this.#topics.get(topic);
    if (known === undefined) return;
    this.#topics.delete(topic);
    const left = (this.#perAccount.get(known.account) ?? 1) - 1;
    if (left === 0) this.#perAccount.delete(known.account);
    else this.#perAccount.set(known.account, left);
  }

  #remember(topic: string, account: string): Unclaimed {
    if (this.#topics.size >= UNCLAIMED_LIMITS.topics) this.#makeRoom();
    const known: Unclaimed = {
      topic,
      account,
      payload: undefined,
      clipped: false,
      samples: [],
      count: 0,
      lastAt: 0,
      lookedAt: Number.NEGATIVE_INFINITY,
    };
    this.#topics.set(topic, known);
    this.#perAccount.set(account, (this.#perAccount.get(account) ?? 0) + 1);
    return known;
  }

  /** A client that makes up topics pushes out its own, and not the sensor of a neighbour. */
  #makeRoom(): void {
    let [loudest, most] = ["", 0];
    for (const [account, count] of this.#perAccount) if (count > most) [loudest, most] = [account, count];
    let oldest: Unclaimed | undefined;
    for (const each of this.#topics.values()) {
      if (each.account === loudest && (oldest === undefined || each.lookedAt < oldest.lookedAt))
        oldest = each;
    }
    if (oldest !== undefined) this.forget(oldest.topic);
  }
}

/** @returns undefined for bytes that are no text. */
function textOf(payload: Uint8Array, clipped: boolean): string | undefined {
  try {
    // One for each text: a character that was cut in two waits in it for its rest.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload, { stream: clipped });
    return /\p{Cc}/u.test(text.replace(/[\t\n\r]/g, "")) ? undefined : text;
  } catch {
    return undefined;
  }
}
