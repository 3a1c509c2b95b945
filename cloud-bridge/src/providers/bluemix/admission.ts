import type { Clock, PublishOutcome } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { Device } from "./device-names.ts";

/** How long after its PUBACK the cloud may still tell that it has thrown a message away. */
export const GRACE_MS: Ms = 3_000;
/**
 * For how long a refused device is left alone. "If the gateway fails to register a device automatically, it does not
 * attempt to register that device again for a short time. Any messages from the failed device are dropped during that
 * time": what we would send then is lost.
 */
export const PAUSE_MS: Ms = 120_000;

interface Entry {
  state: "new" | "known" | "refused";
  reason: string;
  /** Monotonic; of a refused one. */
  until: Ms;
  /** Resolves once it is decided, on this connection. */
  verdict: PromiseWithResolvers<void>;
  grace: Disposable | undefined;
}

/**
 * Which devices the cloud takes messages of. It acknowledges what it throws away, and says so a moment later, in a
 * notification. So until a device has proved itself on a connection its messages count as sent only when no notification
 * has come for a while; and those of a refused one stay here.
 */
export class Admission {
  readonly #clock: Pick<Clock, "after" | "monotonic">;
  readonly #graceMs: Ms;
  readonly #entries = new Map<string, Entry>();
  #closed: string | undefined;

  constructor(clock: Pick<Clock, "after" | "monotonic">, graceMs: Ms) {
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  /** A new connection: everybody proves themselves once more, and who was refused waits on. */
  connected(): void {
    this.#closed = undefined;
    for (const [key, entry] of this.#entries) {
      if (entry.state !== "refused") this.#entries.delete(key);
    }
  }

  /** What was not decided is not known. */
  lost(reason: string): void {
    this.#closed = reason;
    for (const entry of this.#entries.values()) this.#decide(entry);
  }

  /**
   * Publishes for a device, unless it is known to be in vain.
   * @param publish is called at once, or not at all.
   */
  async publish(device: Device, publish: () => Promise<PublishOutcome>): Promise<PublishOutcome> {
    const entry = this.#entry(device);
    if (entry.state === "refused") {
      if (this.#clock.monotonic() < entry.until) return { outcome: "retry", reason: entry.reason };
      entry.state = "new";
      entry.verdict = Promise.withResolvers();
    }
    const outcome = await publish();
    if (outcome.outcome !== "acknowledged") return outcome;
    if (entry.state === "new" && this.#closed === undefined) {
      entry.grace ??= this.#clock.after(this.#graceMs, () => {
        entry.state = "known";
        this.#decide(entry);
      });
      await entry.verdict.promise;
    }
    return this.#outcome(entry, outcome);
  }

  /** The cloud throws away what this device says. */
  refused(device: Device, reason: string): void {
    const entry = this.#entry(device);
    entry.state = "refused";
    entry.reason = reason;
    entry.until = this.#clock.monotonic() + PAUSE_MS;
    this.#decide(entry);
  }

  #entry({ type, id }: Device): Entry {
    const key = `${type}/${id}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = {
        state: "new",
        reason: "",
        until: 0,
        verdict: Promise.withResolvers(),
        grace: undefined,
      };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #outcome(entry: Entry, acknowledged: PublishOutcome): PublishOutcome {
    switch (entry.state) {
      case "known":
        return acknowledged;
      case "refused":
        return { outcome: "retry", reason: entry.reason };
      case "new":
        return { outcome: "retry", reason: this.#closed ?? "the connection has ended" };
    }
  }

  #decide(entry: Entry): void {
    entry.grace?.[Symbol.dispose]();
    entry.grace = undefined;
    entry.verdict.resolve();
  }
}
