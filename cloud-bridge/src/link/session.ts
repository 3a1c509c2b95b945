import type { Clock, CloudConnection, MessageClass, PublishOutcome } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { Flight, Outbox } from "../outbox.ts";
import type { BridgeProvider } from "../providers/provider.ts";
import { Wake } from "../wake.ts";
import { FlightWindow } from "./flight-window.ts";
import type { Pace, Urgency } from "./pace.ts";
import type { PoisonGuard } from "./poison-guard.ts";
import { reasonOf } from "./reason-of.ts";

/** A batch that is not answered for so long means that the connection is of no use. */
export const ANSWER_WITHIN_MS: Ms = 60_000;
/** And so much longer for what it has: the slowest line that is waited for carries 1 kB a second. */
const SLOWEST_BYTES_PER_S = 1_000;
/** Batches in flight at once: while one is answered, the next is under way. */
const BATCHES = 4;
/** Of the places in flight so many are kept for what is urgent. */
const URGENT_PLACES = 0.1;

export interface SessionParts {
  readonly connection: CloudConnection;
  readonly provider: BridgeProvider;
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Left out: the provider sets no limit. */
  readonly pace?: Pace;
  readonly poison: PoisonGuard;
  /** The classes that may leave at this moment. */
  readonly classes: () => readonly MessageClass[];
}

/** What the life of the bridge hears of a connection. */
export interface SessionListener {
  /** These leave for the cloud, with so many bytes each. */
  sent(sizes: readonly number[]): void;
  settled(flight: Flight, outcome: PublishOutcome): void;
  unreadable(error: unknown): void;
  /** Called once. */
  ended(reason: string): void;
}

interface Staged {
  readonly flight: Flight;
  readonly bytes: number;
}

/**
 * One connection, as long as it lasts: takes messages from the queue, lets them go as fast as the provider, the line
 * and what they cost allow, and settles them.
 */
export class Session {
  readonly #parts: SessionParts;
  readonly #listener: SessionListener;
  readonly #wake = new Wake();
  readonly #window = new FlightWindow();
  readonly #flights = new Set<Flight>();
  /** One for each batch that is not answered. */
  readonly #patience = new Set<Disposable>();
  /** Taken, and not let go yet. Nothing is taken that would have to wait behind them. */
  readonly #staged: Record<Urgency, Staged[]> = { urgent: [], bulk: [] };
  #bulkFlying = 0;
  #timer: Disposable | undefined;
  #wakeAt: Ms = Number.POSITIVE_INFINITY;
  #open = true;
  #progress = false;

  constructor(parts: SessionParts, listener: SessionListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  /** Something was acknowledged or parked: the connection was good for something. */
  get progress(): boolean {
    return this.#progress;
  }

  /** Something may have come that can be sent. */
  wake(): void {
    this.#wake.call();
  }

  /** Resolves when the session has ended. */
  async run(): Promise<void> {
    this.#parts.connection.closed.then(
      (reason) => this.end(reason),
      (error: unknown) => this.end(reasonOf(error)),
    );
    while (this.#open) {
      this.#timer?.[Symbol.dispose]();
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#launch();
      const flights = await this.#take();
      if (flights.length === 0) await this.#wake.wait();
      else if (this.#open) this.#stage(flights);
      else for (const flight of flights) this.#giveBack(flight, "not sent");
    }
  }

  /** Ends it: what was not answered is sent again another time. */
  end(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#timer?.[Symbol.dispose]();
    for (const patience of this.#patience) patience[Symbol.dispose]();
    for (const flight of this.#flights) this.#giveBack(flight, reason);
    this.#flights.clear();
    this.#listener.ended(reason);
    this.#wake.call();
  }

  async #take(): Promise<readonly Flight[]> {
    const { classes, outbox } = this.#parts;
    const limit = this.#limit();
    if (limit.count <= 0) return [];
    const allowed = classes().filter((each) => limit.bulk || urgencyOf(each) === "urgent");
    try {
      return await outbox.take(limit.count, allowed);
    } catch (error) {
      this.#listener.unreadable(error);
      return [];
    }
  }

  /** How many may be taken, and whether telemetry and states may be among them. */
  #limit(): { readonly count: number; readonly bulk: boolean } {
    const { clock, pace, provider } = this.#parts;
    if (this.#staged.urgent.length > 0) return { count: 0, bulk: false };
    const { maxInFlight } = provider;
    const places = maxInFlight - this.#flights.size;
    const bulkPlaces = maxInFlight - Math.floor(maxInFlight * URGENT_PLACES) - this.#bulkFlying;
    const batch = provider.batchSize ?? Math.max(1, Math.floor(maxInFlight / BATCHES));
    const now = clock.monotonic();
    const room = (urgency: Urgency): number => pace?.room(urgency, now) ?? Number.POSITIVE_INFINITY;
    const bulk = this.#staged.bulk.length > 0 ? 0 : Math.min(batch, places, bulkPlaces, room("bulk"));
    if (bulk > 0) return { count: bulk, bulk: true };
    // Something may wait that only time lets go: first what is urgent, then the rest.
    for (const urgency of ["urgent", "bulk"] as const) {
      if (pace === undefined || room(urgency) > 0) continue;
      this.#wakeIn(pace.waitMs(0, urgency, now));
      break;
    }
    return { count: Math.min(batch, places, room("urgent")), bulk: false };
  }

  #stage(flights: readonly Flight[]): void {
    for (const flight of flights) {
      const urgency = urgencyOf(flight.message.class);
      this.#flights.add(flight);
      if (urgency === "bulk") this.#bulkFlying++;
      let bytes: number;
      try {
        bytes = this.#parts.provider.sizeOf(flight.message);
      } catch (error) {
        // A bug. It costs this message, and not the bridge: at each start it would be the first to leave again.
        this.#settle(flight, { outcome: "rejected", reason: `it cannot be written: ${reasonOf(error)}` });
        continue;
      }
      this.#staged[urgency].push({ flight, bytes });
    }
  }

  /** Lets go what may go, in the order in which it was taken, what is urgent before everything else. */
  #launch(): void {
    if (!this.#open) return;
    const batch: Staged[] = [];
    for (const urgency of ["urgent", "bulk"] as const) {
      const staged = this.#staged[urgency];
      while (staged[0] !== undefined && this.#mayGo(staged[0], urgency)) batch.push(staged.shift() as Staged);
      if (staged.length > 0) break;
    }
    if (batch.length > 0) void this.#publish(batch);
  }

  #mayGo({ bytes }: Staged, urgency: Urgency): boolean {
    const { clock, pace } = this.#parts;
    // An answer will make room.
    if (urgency === "bulk" && !this.#window.admits(bytes)) return false;
    const now = clock.monotonic();
    const waitMs = pace?.waitMs(bytes, urgency, now) ?? 0;
    if (waitMs > 0) {
      this.#wakeIn(waitMs);
      return false;
    }
    pace?.spend(bytes, now);
    this.#window.sent(bytes);
    return true;
  }

  #wakeIn(waitMs: Ms): void {
    const at = this.#parts.clock.monotonic() + waitMs;
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#parts.clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#wake.call();
    });
  }

  async #publish(batch: readonly Staged[]): Promise<void> {
    const { clock, connection } = this.#parts;
    const sizes = batch.map(({ bytes }) => bytes);
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    const from = clock.monotonic();
    const patienceMs = ANSWER_WITHIN_MS + (total / SLOWEST_BYTES_PER_S) * 1_000;
    const patience = clock.after(patienceMs, () => this.end("the cloud does not answer what it is sent"));
    this.#patience.add(patience);
    this.#listener.sent(sizes);
    let outcomes: readonly PublishOutcome[];
    try {
      outcomes = await connection.publish(batch.map(({ flight }) => flight.message));
    } catch (error) {
      outcomes = batch.map(() => ({ outcome: "retry", reason: reasonOf(error) }));
    }
    patience[Symbol.dispose]();
    this.#patience.delete(patience);
    // The session took its flights back when it ended; what it hears afterwards changes nothing.
    if (!this.#open) return;
    this.#window.answered(total, clock.monotonic() - from);
    for (const [index, { flight }] of batch.entries()) {
      this.#settle(flight, outcomes[index] ?? { outcome: "retry", reason: "no answer" });
    }
    this.#wake.call();
  }

  #settle(flight: Flight, answer: PublishOutcome): void {
    const outcome = this.#parts.poison.judge(answer);
    this.#flights.delete(flight);
    if (urgencyOf(flight.message.class) === "bulk") this.#bulkFlying--;
    if (outcome.outcome !== "retry") this.#progress = true;
    this.#listener.settled(flight, outcome);
    this.#parts.outbox.settle(flight, outcome);
  }

  #giveBack(flight: Flight, reason: string): void {
    this.#parts.outbox.settle(flight, { outcome: "retry", reason });
  }
}

function urgencyOf(messageClass: MessageClass): Urgency {
  return messageClass === "alarm" || messageClass === "reply" ? "urgent" : "bulk";
}
