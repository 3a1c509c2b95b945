import { createHash } from "node:crypto";
import { type Clock, TokenBucket } from "@tram/core";
import type { Json } from "@tram/protocol";

/** Calls from one address: in a second, and at once. Addresses that are remembered. */
export const WEBHOOK_PACE = { perSecond: 5, burst: 20, addresses: 1_000 } as const;

export type WebhookAnswer = "taken" | "unknown" | "too-many";

/**
 * Lets webhooks in. Their id is the secret: it is looked up by its digest, so that how long that takes tells nothing of
 * how much of it was right.
 */
export class WebhookDoor {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #take: (id: string, data: Json) => Promise<void>;
  readonly #buckets = new Map<string, TokenBucket>();
  #known: ReadonlySet<string> = new Set();

  /** @param take tells the rules; resolves when what they decided is kept. */
  constructor(clock: Pick<Clock, "monotonic">, take: (id: string, data: Json) => Promise<void>) {
    this.#clock = clock;
    this.#take = take;
  }

  /** @param ids the webhooks that rules listen to from now on. */
  listen(ids: Iterable<string>): void {
    this.#known = new Set([...ids].map(digestOf));
  }

  /** Somebody calls. @throws {StoreError} when what follows could not be kept. */
  async call(id: string, data: Json, address: string): Promise<WebhookAnswer> {
    if (!this.#bucketOf(address).take(1, this.#clock.monotonic())) return "too-many";
    if (!this.#known.has(digestOf(id))) return "unknown";
    await this.#take(id, data);
    return "taken";
  }

  #bucketOf(address: string): TokenBucket {
    const known = this.#buckets.get(address);
    if (known !== undefined) return known;
    const { addresses, burst, perSecond } = WEBHOOK_PACE;
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= addresses && oldest !== undefined) this.#buckets.delete(oldest);
    const bucket = new TokenBucket(perSecond, burst, this.#clock.monotonic());
    this.#buckets.set(address, bucket);
    return bucket;
  }
}

function digestOf(id: string): string {
  return createHash("sha256").update(id).digest("base64");
}
