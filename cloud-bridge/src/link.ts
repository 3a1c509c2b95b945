import {
  type BackoffLimits,
  backoffMs,
  type Clock,
  type CloudConnection,
  type CloudDesk,
  type PublishOutcome,
  type WanState,
} from "@tram/core";
import type { BridgeView, EpochMs, Ms } from "@tram/protocol";
import { BridgeError } from "./bridge-error.ts";
import type { BridgeLog } from "./bridge-log.ts";
import { DrainRate } from "./link/drain-rate.ts";
import { connectBytes, messageBytes, silenceBytes } from "./link/line-bytes.ts";
import { Pace } from "./link/pace.ts";
import { PoisonGuard } from "./link/poison-guard.ts";
import type { PortalWatch } from "./link/portal-watch.ts";
import { reasonOf } from "./link/reason-of.ts";
import { ANSWER_WITHIN_MS, Session } from "./link/session.ts";
import { classesUnder, type Holding, holding, type ThriftTerms } from "./link/thrift.ts";
import type { Traffic } from "./link/traffic.ts";
import type { Flight, Outbox } from "./outbox.ts";
import type { BridgeProvider } from "./providers/provider.ts";

/** Waits between attempts: 1–2 s at first, 30–60 s at last. */
export const BACKOFF: BackoffLimits = { firstMs: 2_000, longestMs: 60_000 };
export { ANSWER_WITHIN_MS };

/**
 * Each round sends a message of each Thing that was refused once more, and somebody may pay for that. Where nothing at all was
 * taken for so many rounds of more than so many messages, the pause between them grows further.
 */
const FRUITLESS = { rounds: 8, messages: 10, longestMs: 300_000 } as const;

export interface LinkParts {
  readonly bridge: string;
  readonly provider: BridgeProvider;
  readonly desk: CloudDesk;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: BridgeLog;
  /** What the bridge's bytes are counted in. */
  readonly traffic: Traffic;
  readonly wan: WanState;
  readonly thrift: ThriftTerms;
  /** Looks for a portal where the cloud should be; left out: nobody looks. */
  readonly portal?: PortalWatch;
  /** Told of every change of `status()`. */
  readonly onChange: () => void;
}

/** `connecting` until the first attempt is over, `offline` while it is tried again and again. */
export type LinkStatus = Pick<
  BridgeView,
  | "state"
  | "since"
  | "sent"
  | "lastError"
  | "lastErrorCode"
  | "nextAttempt"
  | "ratePerS"
  | "etaS"
  | "holding"
  | "traffic"
>;

/** The life of one bridge: connects, drains the outbox, and begins again when the connection is gone. */
export class Link {
  readonly #parts: LinkParts;
  readonly #stop = new AbortController();
  readonly #drain = new DrainRate();
  readonly #pace: Pace | undefined;
  readonly #poison = new PoisonGuard();
  #session: Session | undefined;
  #done: Promise<void> = Promise.resolve();
  #state: LinkStatus["state"] = "connecting";
  #since: EpochMs;
  #sent = 0;
  #lastError: { readonly code?: string; readonly text: string } | undefined;
  #nextAttempt: EpochMs | undefined;
  #held: Holding | undefined;
  #retry: Disposable | undefined;
  #refusals = 0;
  /** Rounds since a message was taken. */
  #fruitless = 0;
  /** Messages refused for now in this round, and in the one before. */
  #refusedNow = 0;
  #refusedBefore = 0;
  #pauseMs: Ms = BACKOFF.longestMs;
  #lastRefusal: Ms = Number.NEGATIVE_INFINITY;
  #heardAt: Ms = 0;
  #parkedTold = false;

  /** Starts the life of the link; it ends when the handle is disposed. */
  static open(parts: LinkParts): Link {
    const link = new Link(parts);
    link.#done = link.#run(link.#stop.signal).catch((error: unknown) => link.#broke(error));
    return link;
  }

  private constructor(parts: LinkParts) {
    const { clock, provider } = parts;
    this.#parts = parts;
    this.#since = clock.now();
    // Kept over connections: a provider counts those of a client together.
    this.#pace = provider.pace === undefined ? undefined : new Pace(provider.pace, clock.monotonic());
  }

  get state(): LinkStatus["state"] {
    return this.#state;
  }

  /** @param queued length of the queue, where that is known already. */
  status(queued = this.#parts.outbox.counts().queued): LinkStatus {
    const { clock, traffic } = this.#parts;
    this.#countSilence();
    const held = this.#held;
    const drain = this.#drain.view(queued, clock.monotonic());
    return {
      state: this.#state,
      since: new Date(this.#since).toISOString(),
      sent: this.#sent,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError.text }),
      ...(this.#lastError?.code === undefined ? {} : { lastErrorCode: this.#lastError.code }),
      ...(this.#nextAttempt === undefined ? {} : { nextAttempt: new Date(this.#nextAttempt).toISOString() }),
      ...(drain.ratePerS === undefined ? {} : { ratePerS: drain.ratePerS }),
      // What waits for a cheaper line is emptied by nobody.
      ...(drain.etaS === undefined || held !== undefined ? {} : { etaS: drain.etaS }),
      ...(held === undefined ? {} : { holding: held }),
      traffic: traffic.counts(),
    };
  }

  /** The line's cost, or what is left of the month, may have changed. */
  reconsider(): void {
    const { bridge, log, thrift, traffic, wan } = this.#parts;
    const held = holding(wan.state, traffic.level, thrift);
    if (held === this.#held) return;
    this.#held = held;
    if (held === "metered") log.info({ bridge }, "the line is metered: telemetry waits");
    this.#session?.wake();
    this.#parts.onChange();
  }

  /** Stops and closes the connection. What was not answered is sent again another time. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the bridge stops"));
    this.#session?.end("the bridge stops");
    await this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, outbox, random, wan } = this.#parts;
    const watches = [outbox.onChange(() => this.#session?.wake()), wan.onChange(() => this.reconsider())];
    this.reconsider();
    let failures = 0;
    while (!signal.aborted) {
      failures = (await this.#connectAndDrain(signal)) ? 1 : failures + 1;
      if (signal.aborted) break;
      const waitMs = backoffMs(failures, BACKOFF, random());
      this.#nextAttempt = clock.now() + waitMs;
      this.#parts.onChange();
      await sleep(clock, waitMs, signal);
      this.#nextAttempt = undefined;
    }
    for (const watch of watches) watch[Symbol.dispose]();
    this.#cancelRetry();
    this.#become("stopped");
  }

  /**
   * @returns whether the connection was good for something. A peer that takes us in and throws us out at once must not
   * be asked each second.
   */
  async #connectAndDrain(signal: AbortSignal): Promise<boolean> {
    const { clock, desk, outbox, portal, provider, traffic } = this.#parts;
    let connection: CloudConnection;
    try {
      connection = await provider.connect(signal, desk);
    } catch (error) {
      if (!signal.aborted) this.#wentOffline(reasonOf(error), codeOf(error));
      const found = signal.aborted ? undefined : await portal?.look(provider.line, error, signal);
      if (found !== undefined && !signal.aborted) this.#wentOffline(`${found}; ${reasonOf(error)}`, "portal");
      return false;
    }
    if (provider.line !== undefined) traffic.add(connectBytes(provider.line));
    const connectedAt = clock.monotonic();
    this.#heardAt = connectedAt;
    const session = new Session(
      {
        connection,
        provider,
        outbox,
        clock,
        ...(this.#pace === undefined ? {} : { pace: this.#pace }),
        poison: this.#poison,
        classes: () => classesUnder(this.#held),
      },
      {
        sent: (sizes) => this.#onSent(sizes),
        settled: (flight, outcome) => this.#onSettled(flight, outcome),
        unreadable: (error) => this.#onUnreadable(error),
        ended: (reason) => this.#onEnded(reason),
      },
    );
    this.#session = session;
    this.#parkedTold = false;
    try {
      if (signal.aborted) session.end("the bridge stops");
      else {
        portal?.passed();
        this.#wentOnline();
        await session.run();
      }
    } finally {
      this.#session = undefined;
      await connection[Symbol.asyncDispose]();
    }
    return session.progress || clock.monotonic() - connectedAt >= BACKOFF.longestMs;
  }

  /** Nothing in here throws on purpose: this is a bug, and it must cost this bridge alone. */
  #broke(error: unknown): void {
    const { bridge, log } = this.#parts;
    this.#lastError = { text: `internal error: ${reasonOf(error)}` };
    const stack = error instanceof Error ? error.stack : undefined;
    log.error({ bridge, error: reasonOf(error), stack }, "the bridge broke");
    this.#cancelRetry();
    this.#become("stopped");
  }

  #onSent(sizes: readonly number[]): void {
    const { provider, traffic } = this.#parts;
    const line = provider.line ?? { tls: false };
    this.#countSilence();
    traffic.add(sizes.reduce((sum, bytes) => sum + messageBytes(bytes, line), 0));
  }

  #onSettled(flight: Flight, outcome: PublishOutcome): void {
    const { clock, outbox } = this.#parts;
    this.#countSilence();
    this.#heardAt = clock.monotonic();
    if (outcome.outcome === "acknowledged") {
      this.#sent++;
      this.#fruitless = 0;
      this.#drain.acknowledged(() => outbox.counts().queued, this.#heardAt);
    } else if (outcome.outcome === "rejected") this.#tellParked(flight, outcome.reason);
    else {
      this.#refusedNow++;
      this.#tell(outcome.reason);
      this.#retryLater();
    }
  }

  #onUnreadable(error: unknown): void {
    this.#tell(`the queue cannot be read: ${reasonOf(error)}`);
    this.#retryLater();
  }

  #onEnded(reason: string): void {
    this.#countSilence();
    this.#drain.end();
    if (!this.#stop.signal.aborted) this.#wentOffline(reason);
  }

  /** Keep-alives are sent where nothing else is. */
  #countSilence(): void {
    const { clock, provider, traffic } = this.#parts;
    if (this.#session === undefined || provider.line === undefined) return;
    const now = clock.monotonic();
    const bytes = silenceBytes(now - this.#heardAt, provider.line);
    if (bytes === 0) return;
    this.#heardAt = now;
    traffic.add(bytes);
  }

  /** Lets what was refused for now try again after a while, which grows as long as it is refused. */
  #retryLater(): void {
    if (this.#retry !== undefined) return;
    const { clock, random, outbox } = this.#parts;
    const now = clock.monotonic();
    const isolated = now - this.#lastRefusal > 2 * this.#pauseMs;
    this.#refusals = isolated ? 1 : this.#refusals + 1;
    this.#fruitless++;
    this.#lastRefusal = now;
    const costly = this.#fruitless > FRUITLESS.rounds && this.#refusedBefore > FRUITLESS.messages;
    const longestMs = costly ? FRUITLESS.longestMs : BACKOFF.longestMs;
    this.#pauseMs = longestMs;
    this.#retry = clock.after(backoffMs(this.#refusals, { ...BACKOFF, longestMs }, random()), () => {
      this.#retry = undefined;
      this.#refusedBefore = this.#refusedNow;
      this.#refusedNow = 0;
      outbox.resume();
      this.#session?.wake();
    });
  }

  #cancelRetry(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
  }

  #wentOnline(): void {
    const { bridge, clock, outbox, log } = this.#parts;
    const { queued } = outbox.counts();
    this.#lastError = undefined;
    this.#cancelRetry();
    this.#drain.begin(queued, clock.monotonic());
    outbox.connected();
    log.info({ bridge, queued }, "the bridge is online");
    this.#become("online");
  }

  #wentOffline(reason: string, code?: string): void {
    const { bridge, log } = this.#parts;
    this.#lastError = { text: reason, ...(code === undefined ? {} : { code }) };
    if (this.#state !== "offline") log.warn({ bridge, reason }, "the bridge is offline");
    this.#become("offline");
  }

  #tellParked({ message: { name, thing } }: Flight, reason: string): void {
    const { bridge, log } = this.#parts;
    this.#tell(reason);
    if (this.#parkedTold) return;
    this.#parkedTold = true;
    log.warn({ bridge, thing, name, reason }, "the cloud will never take a message: it is parked");
  }

  #tell(problem: string): void {
    if (this.#lastError?.text === problem) return;
    this.#lastError = { text: problem };
    this.#parts.onChange();
  }

  #become(state: LinkStatus["state"]): void {
    if (this.#state !== state) this.#since = this.#parts.clock.now();
    this.#state = state;
    this.#parts.onChange();
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof BridgeError ? error.code : undefined;
}

/** Sleeps, and takes being woken by the signal for the end of the sleep. */
async function sleep(clock: Clock, durationMs: Ms, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(durationMs, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
