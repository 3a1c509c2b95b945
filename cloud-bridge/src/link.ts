import {
  type BackoffLimits,
  backoffMs,
  type Clock,
  type CloudConnection,
  type CloudDesk,
  type PublishOutcome,
} from "@tram/core";
import type { BridgeView, EpochMs, Ms } from "@tram/protocol";
import type { BridgeLog } from "./bridge-log.ts";
import type { Flight, Outbox } from "./outbox.ts";
import type { BridgeProvider } from "./providers/provider.ts";
import { Wake } from "./wake.ts";

/** Waits between attempts: 1–2 s at first, 30–60 s at last. */
export const BACKOFF: BackoffLimits = { firstMs: 2_000, longestMs: 60_000 };
/** A batch that is not answered for so long means that the connection is of no use. */
export const ANSWER_WITHIN_MS: Ms = 60_000;
/** Batches in flight at once: while one is answered, the next is under way. */
const BATCHES = 4;

export interface LinkParts {
  readonly bridge: string;
  readonly provider: BridgeProvider;
  readonly desk: CloudDesk;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: BridgeLog;
  /** Told of every change of `status()`. */
  readonly onChange: () => void;
}

/** `connecting` until the first attempt is over, `offline` while it is tried again and again. */
export type LinkStatus = Pick<BridgeView, "state" | "since" | "sent" | "lastError">;

/** One connection, as long as it lasts. */
interface Session {
  readonly connection: CloudConnection;
  readonly flights: Set<Flight>;
  /** One for each batch that is not answered. */
  readonly patience: Set<Disposable>;
  open: boolean;
  /** Something was acknowledged or parked: the connection was good for something. */
  progress: boolean;
  parkedTold: boolean;
}

/** The life of one bridge: connects, drains the outbox, and begins again when the connection is gone. */
export class Link {
  readonly #parts: LinkParts;
  readonly #stop = new AbortController();
  readonly #wake = new Wake();
  #done: Promise<void> = Promise.resolve();
  #state: LinkStatus["state"] = "connecting";
  #since: EpochMs;
  #sent = 0;
  #lastError: string | undefined;
  #retry: Disposable | undefined;
  #refusals = 0;
  #lastRefusal: Ms = Number.NEGATIVE_INFINITY;

  /** Starts the life of the link; it ends when the handle is disposed. */
  static open(parts: LinkParts): Link {
    const link = new Link(parts);
    link.#done = link.#run(link.#stop.signal).catch((error: unknown) => link.#broke(error));
    return link;
  }

  private constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#since = parts.clock.now();
  }

  status(): LinkStatus {
    return {
      state: this.#state,
      since: new Date(this.#since).toISOString(),
      sent: this.#sent,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  /** Stops and closes the connection. What was not answered is sent again another time. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the bridge stops"));
    this.#wake.call();
    await this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { outbox, clock, random } = this.#parts;
    const watch = outbox.onChange(() => this.#wake.call());
    let failures = 0;
    while (!signal.aborted) {
      failures = (await this.#connectAndDrain(signal)) ? 1 : failures + 1;
      if (signal.aborted) break;
      await sleep(clock, backoffMs(failures, BACKOFF, random()), signal);
    }
    watch[Symbol.dispose]();
    this.#cancelRetry();
    this.#become("stopped");
  }

  /**
   * @returns whether the connection was good for something. A peer that takes us in and throws us out at once must not
   * be asked each second.
   */
  async #connectAndDrain(signal: AbortSignal): Promise<boolean> {
    let connection: CloudConnection;
    try {
      connection = await this.#parts.provider.connect(signal, this.#parts.desk);
    } catch (error) {
      if (!signal.aborted) this.#wentOffline(reasonOf(error));
      return false;
    }
    const connectedAt = this.#parts.clock.monotonic();
    const session: Session = {
      connection,
      flights: new Set(),
      patience: new Set(),
      open: true,
      progress: false,
      parkedTold: false,
    };
    const abort = (): void => this.#end(session, "the bridge stops");
    signal.addEventListener("abort", abort, { once: true });
    connection.closed.then(
      (reason) => this.#end(session, reason),
      (error: unknown) => this.#end(session, reasonOf(error)),
    );
    try {
      if (signal.aborted) abort();
      else {
        this.#wentOnline();
        await this.#drain(session);
      }
    } finally {
      signal.removeEventListener("abort", abort);
      await connection[Symbol.asyncDispose]();
    }
    return session.progress || this.#parts.clock.monotonic() - connectedAt >= BACKOFF.longestMs;
  }

  /** Nothing in here throws on purpose: this is a bug, and it must cost this bridge alone. */
  #broke(error: unknown): void {
    const { bridge, log } = this.#parts;
    this.#lastError = `internal error: ${reasonOf(error)}`;
    const stack = error instanceof Error ? error.stack : undefined;
    log.error({ bridge, error: reasonOf(error), stack }, "the bridge broke");
    this.#cancelRetry();
    this.#become("stopped");
  }

  async #drain(session: Session): Promise<void> {
    const { outbox, provider } = this.#parts;
    const batch = provider.batchSize ?? Math.max(1, Math.floor(provider.maxInFlight / BATCHES));
    while (session.open) {
      const free = Math.min(batch, provider.maxInFlight - session.flights.size);
      const flights = free > 0 ? await this.#take(free) : [];
      if (flights.length === 0) await this.#wake.wait();
      else if (session.open) void this.#publish(session, flights);
      else for (const flight of flights) outbox.settle(flight, { outcome: "retry", reason: "not sent" });
    }
  }

  async #take(limit: number): Promise<readonly Flight[]> {
    try {
      return await this.#parts.outbox.take(limit);
    } catch (error) {
      this.#tell(`the queue cannot be read: ${reasonOf(error)}`);
      this.#retryLater();
      return [];
    }
  }

  async #publish(session: Session, flights: readonly Flight[]): Promise<void> {
    for (const flight of flights) session.flights.add(flight);
    const patience = this.#parts.clock.after(ANSWER_WITHIN_MS, () =>
      this.#end(session, "the cloud does not answer what it is sent"),
    );
    session.patience.add(patience);
    let outcomes: readonly PublishOutcome[];
    try {
      outcomes = await session.connection.publish(flights.map((flight) => flight.message));
    } catch (error) {
      outcomes = flights.map(() => ({ outcome: "retry", reason: reasonOf(error) }));
    }
    patience[Symbol.dispose]();
    session.patience.delete(patience);
    // The session took its flights back when it ended; what it hears afterwards changes nothing.
    if (!session.open) return;
    for (const [index, flight] of flights.entries()) {
      this.#settle(session, flight, outcomes[index] ?? { outcome: "retry", reason: "no answer" });
    }
    this.#wake.call();
  }

  #settle(session: Session, flight: Flight, outcome: PublishOutcome): void {
    session.flights.delete(flight);
    if (outcome.outcome === "acknowledged") {
      this.#sent++;
      session.progress = true;
    } else if (outcome.outcome === "rejected") {
      session.progress = true;
      this.#tellParked(session, flight, outcome.reason);
    } else {
      this.#tell(outcome.reason);
      this.#retryLater();
    }
    this.#parts.outbox.settle(flight, outcome);
  }

  #end(session: Session, reason: string): void {
    if (!session.open) return;
    session.open = false;
    for (const patience of session.patience) patience[Symbol.dispose]();
    for (const flight of session.flights) this.#parts.outbox.settle(flight, { outcome: "retry", reason });
    session.flights.clear();
    if (!this.#stop.signal.aborted) this.#wentOffline(reason);
    this.#wake.call();
  }

  /** Lets what was refused for now try again after a while, which grows as long as it is refused. */
  #retryLater(): void {
    if (this.#retry !== undefined) return;
    const { clock, random, outbox } = this.#parts;
    const now = clock.monotonic();
    const isolated = now - this.#lastRefusal > 2 * BACKOFF.longestMs;
    this.#refusals = isolated ? 1 : this.#refusals + 1;
    this.#lastRefusal = now;
    this.#retry = clock.after(backoffMs(this.#refusals, BACKOFF, random()), () => {
      this.#retry = undefined;
      outbox.resume();
      this.#wake.call();
    });
  }

  #cancelRetry(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
  }

  #wentOnline(): void {
    const { bridge, outbox, log } = this.#parts;
    this.#lastError = undefined;
    this.#cancelRetry();
    outbox.connected();
    log.info({ bridge, queued: outbox.counts().queued }, "the bridge is online");
    this.#become("online");
  }

  #wentOffline(reason: string): void {
    const { bridge, log } = this.#parts;
    this.#lastError = reason;
    if (this.#state !== "offline") log.warn({ bridge, reason }, "the bridge is offline");
    this.#become("offline");
  }

  #tellParked(session: Session, flight: Flight, reason: string): void {
    const { bridge, log } = this.#parts;
    this.#tell(reason);
    if (session.parkedTold) return;
    session.parkedTold = true;
    const { thing, name } = flight.message;
    log.warn({ bridge, thing, name, reason }, "the cloud will never take a message: it is parked");
  }

  #tell(problem: string): void {
    if (this.#lastError === problem) return;
    this.#lastError = problem;
    this.#parts.onChange();
  }

  #become(state: LinkStatus["state"]): void {
    if (this.#state !== state) this.#since = this.#parts.clock.now();
    this.#state = state;
    this.#parts.onChange();
  }
}

/** Sleeps, and takes being woken by the signal for the end of the sleep. */
async function sleep(clock: Clock, durationMs: Ms, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(durationMs, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
