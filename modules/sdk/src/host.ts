import type {
  Availability,
  Cause,
  ClockTrust,
  EpochMs,
  Json,
  Ms,
  PropertyKey,
  Thing,
  ThingId,
} from "@tram/protocol";

/** A reading as a module reports it. The gateway validates it against the Thing and stamps the rest. */
export interface ReportedReading {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  readonly value: Json;
  /** When the device observed it, where the device knows; else the gateway's time is used. */
  readonly time?: EpochMs;
  /** Present on a reading that a command brought about. */
  readonly cause?: Cause;
}

/** An event as a module emits it. The gateway validates its data against the Thing and stamps the rest. */
export interface EmittedEvent {
  readonly thing: ThingId;
  /** Its name in the `events` of the Thing. */
  readonly event: string;
  /** Absent where the description speaks of no data. */
  readonly data?: Json;
  /** When the device saw it, where the device knows; else the gateway's time is used. */
  readonly time?: EpochMs;
}

/** What can go wrong in a call to the host; `code` of {@link HostError}. */
export type HostErrorCode =
  | "invalid-thing"
  | "invalid-event"
  | "foreign-thing"
  | "flooding"
  | "not-stored"
  | "closed";

/** A call to the host that was refused. */
export class HostError extends Error {
  readonly code: HostErrorCode;
  constructor(code: HostErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HostError";
    this.code = code;
  }
}

export type ModuleHealth = { readonly state: "up" } | { readonly state: "degraded"; readonly reason: string };

/** The gateway's clock. In a child process durations run on its own monotonic clock. */
export interface ModuleClock {
  now(): EpochMs;
  /** Milliseconds on a clock that never steps, with fractions. */
  monotonic(): Ms;
  readonly trust: ClockTrust;
  /** Resolves after `durationMs`; rejects with the signal's reason when it aborts. */
  sleep(durationMs: Ms, signal?: AbortSignal): Promise<void>;
  /** Calls `tick` each `periodMs` until disposed. A throwing tick ends the module's session. */
  every(periodMs: Ms, tick: () => void): Disposable;
}

/** Object first, constant text second; edges only, never once per message, never a secret. */
export interface ModuleLog {
  debug(fields: Readonly<Record<string, Json>>, text: string): void;
  info(fields: Readonly<Record<string, Json>>, text: string): void;
  warn(fields: Readonly<Record<string, Json>>, text: string): void;
  error(fields: Readonly<Record<string, Json>>, text: string): void;
}

/** The module's own key/value state: session keys, counters. Survives restarts. */
export interface ModuleStore {
  get(key: string): Promise<Json | undefined>;
  entries(): Promise<ReadonlyMap<string, Json>>;
  /** Resolves when the value would survive a power cut. */
  put(key: string, value: Json): Promise<void>;
  delete(key: string): Promise<void>;
}

/** All that a module sees of the gateway. */
export interface ModuleHost<Config = unknown> {
  readonly config: Config;
  /**
   * Makes a Thing known, or replaces its description.
   * @throws {HostError} `invalid-thing` with the path, `foreign-thing` when the id belongs to someone else. `not-stored`
   * when the gateway cannot keep it now: the Thing is known all the same and will be kept later, so go on with it.
   */
  announce(thing: Thing): Promise<void>;
  /** Takes a Thing of this module out of the house. */
  retire(thing: ThingId): Promise<void>;
  /** Tells that a Thing came or went. */
  availability(thing: ThingId, availability: Availability): Promise<void>;
  /**
   * Reports readings. Resolved means kept: the readings, and what the rules decided on them, survive a crash.
   * A reading that the Thing's description forbids is kept as `bad` and does not reject.
   * @throws {HostError} `flooding` when the module reports faster than its budget without awaiting; `not-stored`.
   */
  report(readings: readonly ReportedReading[]): Promise<void>;
  /**
   * Tells that something happened at a Thing. It is told to those who listen and not kept; resolved means that what
   * follows from it is kept. It counts as a reading in the module's budget.
   * @throws {HostError} `invalid-event` when the Thing describes no such event or other data, `invalid-thing` when it is not
   * announced, `foreign-thing`, `flooding`; `not-stored`.
   */
  emit(event: EmittedEvent): Promise<void>;
  health(health: ModuleHealth): void;
  readonly clock: ModuleClock;
  readonly log: ModuleLog;
  readonly store: ModuleStore;
}
