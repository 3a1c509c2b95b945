import { Bus, Registry, Unit } from "@tram/core";
import {
  type EmittedEvent,
  HostError,
  type ModuleHealth,
  type ModuleHost,
  type ModuleLog,
  type ModuleStore,
  type ReportedReading,
} from "@tram/module-sdk";
import {
  type Availability,
  checkEventData,
  checkValue,
  eventOf,
  type Json,
  type Ms,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import { MemoryStore } from "./memory-store.ts";
import { VirtualClock } from "./virtual-clock.ts";

type Fields = Readonly<Record<string, Json>>;

/** One thing that a module said to its host. */
export type HostCall = { readonly at: Ms } & (
  | { readonly call: "announce"; readonly thing: Thing }
  | { readonly call: "retire"; readonly thing: ThingId }
  | { readonly call: "availability"; readonly thing: ThingId; readonly availability: Availability }
  | { readonly call: "report"; readonly readings: readonly ReportedReading[] }
  | { readonly call: "emit"; readonly event: EmittedEvent }
  | { readonly call: "health"; readonly health: ModuleHealth }
  | { readonly call: "log"; readonly level: keyof ModuleLog; readonly fields: Fields; readonly text: string }
  | { readonly call: "store-put"; readonly key: string; readonly value: Json }
  | { readonly call: "store-delete"; readonly key: string }
);

/** A call that breaks the contract of the SDK. */
export interface HostProblem {
  readonly kind:
    | "not-cloneable"
    | "not-json"
    | "invalid-thing"
    | "unknown-thing"
    | "unknown-property"
    | "unknown-event"
    | "invalid-value";
  readonly call: HostCall["call"];
  /** What is wrong and where, for people. */
  readonly problem: string;
}

export interface RecordingHostOptions {
  readonly clock?: VirtualClock;
  /** Content of the module's own store; pass the same map again to open "after a restart". */
  readonly store?: Map<string, Json>;
  /** End of the session: from then on every call is refused with `closed`, as the gateway does. */
  readonly signal?: AbortSignal;
}

const SOURCE = "module:under-test";

/**
 * The gateway as a module sees it, for tests: on a virtual clock, with everything that the module says written down
 * and checked against the contract. What the gateway refuses is refused here with the same codes.
 */
export class RecordingHost<Config = unknown> implements ModuleHost<Config> {
  readonly config: Config;
  readonly clock: VirtualClock;
  /** Everything that was said, in order; also what was refused. */
  readonly calls: HostCall[] = [];
  /** What the gateway would have kept. */
  readonly readings: ReportedReading[] = [];
  /** The events that the gateway would have told. */
  readonly events: EmittedEvent[] = [];
  /** The Things that are announced now. */
  readonly things = new Map<ThingId, Thing>();
  readonly availabilities = new Map<ThingId, Availability>();
  readonly problems: HostProblem[] = [];
  /** Content of the module's store. */
  readonly stored: Map<string, Json>;
  readonly log: ModuleLog;
  readonly store: ModuleStore;
  /** The latest word of the module on itself. */
  healthNow: ModuleHealth = { state: "up" };
  readonly #signal: AbortSignal | undefined;
  readonly #registry: Registry;
  #reportFailure: HostError | undefined;
  #announceFailure: HostError | undefined;
  #hold: Promise<void> | undefined;

  constructor(config: Config, options: RecordingHostOptions = {}) {
    this.config = config;
    this.clock = options.clock ?? new VirtualClock();
    this.stored = options.store ?? new Map();
    this.#signal = options.signal;
    this.#registry = new Registry({ clock: this.clock, bus: new Bus(fail) });
    const at = (): Ms => this.clock.monotonic();
    const logAt = (level: keyof ModuleLog) => (fields: Fields, text: string) =>
      this.#record({ call: "log", level, fields, text, at: at() });
    this.log = { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") };
    this.store = {
      get: async (key) => structuredClone(this.stored.get(key)),
      entries: async () => structuredClone(this.stored),
      put: async (key, value) => {
        this.#record({ call: "store-put", key, value, at: at() });
        await this.#admit();
        this.stored.set(key, structuredClone(value));
      },
      delete: async (key) => {
        this.#record({ call: "store-delete", key, at: at() });
        await this.#admit();
        this.stored.delete(key);
      },
    };
  }

  /** From now on each report is refused with this error; `undefined` heals the host. */
  failReportsWith(error: HostError | undefined): void {
    this.#reportFailure = error;
  }

  /** From now on what is announced is taken, and refused with this error all the same, as by a store that fails. */
  failAnnouncementsWith(error: HostError | undefined): void {
    this.#announceFailure = error;
  }

  /** Lets every call wait from now on, until the session's signal aborts; then they are refused. */
  hold(): void {
    this.#hold ??= new Promise((resolve) => {
      if (this.#signal?.aborted === true) resolve();
      this.#signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** The latest reading of a property that was kept. */
  latest(thing: string, property: string): ReportedReading | undefined {
    return this.readings.findLast((reading) => reading.thing === thing && reading.property === property);
  }

  async announce(thing: Thing): Promise<void> {
    this.#record({ call: "announce", thing, at: this.clock.monotonic() });
    await this.#admit();
    const result = this.#registry.announce(structuredClone(thing), SOURCE, scratchUnit());
    if (!result.ok) {
      const problem = `${result.path}: ${result.problem}`;
      this.problems.push({ kind: "invalid-thing", call: "announce", problem });
      throw new HostError("invalid-thing", problem);
    }
    this.things.set(thing.id as ThingId, structuredClone(thing));
    if (this.#announceFailure !== undefined) throw this.#announceFailure;
  }

  async retire(thing: ThingId): Promise<void> {
    this.#record({ call: "retire", thing, at: this.clock.monotonic() });
    await this.#admit();
    this.#registry.retire(thing, SOURCE, scratchUnit());
    this.things.delete(thing);
    this.availabilities.delete(thing);
  }

  async availability(thing: ThingId, availability: Availability): Promise<void> {
    this.#record({ call: "availability", thing, availability, at: this.clock.monotonic() });
    await this.#admit();
    if (!this.things.has(thing)) {
      const problem = `${thing} was not announced`;
      this.problems.push({ kind: "unknown-thing", call: "availability", problem });
      throw new HostError("foreign-thing", problem);
    }
    this.availabilities.set(thing, availability);
  }

  async report(readings: readonly ReportedReading[]): Promise<void> {
    this.#record({ call: "report", readings, at: this.clock.monotonic() });
    await this.#admit();
    if (this.#reportFailure !== undefined) throw this.#reportFailure;
    let unknown: string | undefined;
    for (const reading of structuredClone(readings)) {
      if (this.#checkReading(reading)) this.readings.push(reading);
      else unknown ??= `${reading.thing}/${reading.property}: is not announced`;
    }
    if (unknown !== undefined) throw new HostError("invalid-thing", unknown);
  }

  async emit(event: EmittedEvent): Promise<void> {
    this.#record({ call: "emit", event, at: this.clock.monotonic() });
    await this.#admit();
    if (this.#reportFailure !== undefined) throw this.#reportFailure;
    const refusal = this.#checkEvent(event);
    if (refusal !== undefined) {
      this.problems.push({ kind: refusal.kind, call: "emit", problem: refusal.error.message });
      throw refusal.error;
    }
    this.events.push(structuredClone(event));
  }

  health(health: ModuleHealth): void {
    this.#record({ call: "health", health, at: this.clock.monotonic() });
    if (this.#signal?.aborted !== true) this.healthNow = health;
  }

  /** @returns whether the gateway would have taken it; a value that does not fit is taken, as `bad`. */
  #checkReading({ thing, property, value }: ReportedReading): boolean {
    const description = this.things.get(thing);
    const where = `${thing}/${property}`;
    const fault = (kind: HostProblem["kind"], problem: string): void =>
      void this.problems.push({ kind, call: "report", problem: `${where}: ${problem}` });
    if (description === undefined) {
      fault("unknown-thing", "the Thing was not announced");
      return false;
    }
    const affordance = Object.hasOwn(description.properties, property)
      ? description.properties[property]
      : undefined;
    if (affordance === undefined) {
      fault("unknown-property", "the Thing has no such property");
      return false;
    }
    const checked = checkValue(affordance, value);
    if (!checked.ok) fault("invalid-value", checked.problem);
    return true;
  }

  /** @returns how the gateway refuses it, if it does. */
  #checkEvent({
    thing,
    event,
    data,
  }: EmittedEvent): { readonly kind: HostProblem["kind"]; readonly error: HostError } | undefined {
    const refuse = (kind: HostProblem["kind"], code: HostError["code"], problem: string) => ({
      kind,
      error: new HostError(code, `${thing}/${event}: ${problem}`),
    });
    const description = this.things.get(thing);
    if (description === undefined) return refuse("unknown-thing", "invalid-thing", "is not known");
    const affordance = eventOf(description, event);
    if (affordance === undefined) return refuse("unknown-event", "invalid-event", "has no such event");
    const checked = checkEventData(affordance, data);
    return checked.ok ? undefined : refuse("invalid-value", "invalid-event", checked.problem);
  }

  /** Writes a call down as it was at this moment, and looks whether it can cross to another process. */
  #record(call: HostCall): void {
    const fault = (kind: HostProblem["kind"], problem: string): void =>
      void this.problems.push({ kind, call: call.call, problem });
    try {
      this.calls.push(structuredClone(call));
    } catch (error) {
      fault("not-cloneable", error instanceof Error ? error.message : String(error));
      throw error;
    }
    const problem = jsonProblem(call, call.call);
    if (problem !== undefined) fault("not-json", problem);
  }

  async #admit(): Promise<void> {
    await (this.#hold ?? Promise.resolve());
    if (this.#signal?.aborted === true) throw new HostError("closed", "the session has ended");
  }
}

/** The registry writes its changes into a unit; nobody keeps them here. */
function scratchUnit(): Unit {
  return new Unit(new MemoryStore(), fail);
}

function fail(error: unknown): never {
  throw error;
}

/**
 * Finds what is not JSON in a value: structured clone also carries dates, maps and `NaN`, which a disk or a wire
 * would change. Keys whose value is `undefined` count as absent.
 * @returns the path and what is there, or `undefined` when all of it is JSON.
 */
export function jsonProblem(value: unknown, path: string, above: readonly object[] = []): string | undefined {
  if (value === null || typeof value === "boolean" || typeof value === "string") return undefined;
  if (typeof value === "number") {
    return Number.isFinite(value) ? undefined : `${path}: ${value} is not a JSON number`;
  }
  if (typeof value !== "object") return `${path}: a ${typeof value} is not JSON`;
  if (above.includes(value)) return `${path}: contains itself`;
  const inside = [...above, value];
  if (Array.isArray(value)) {
    return firstProblem(value.map((item, index) => jsonProblem(item, `${path}[${index}]`, inside)));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return `${path}: a ${value.constructor?.name ?? "foreign object"} is not JSON`;
  }
  return firstProblem(
    Object.entries(value).map(([key, item]) =>
      item === undefined ? undefined : jsonProblem(item, `${path}.${key}`, inside),
    ),
  );
}

function firstProblem(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}
