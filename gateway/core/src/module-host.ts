import {
  type EmittedEvent,
  HostError,
  type ModuleHealth,
  type ModuleHost,
  type ModuleLog,
  type ReportedReading,
} from "@tram/module-sdk";
import {
  type Availability,
  isJson,
  type Json,
  type Origin,
  show,
  type Thing,
  type ThingId,
  VALUE_LEVELS,
} from "@tram/protocol";
import type { Source } from "./bus.ts";
import { ModuleBudget } from "./module-budget.ts";
import type { Clock } from "./ports/clock.ts";
import type { Store } from "./ports/store.ts";
import type { Registry } from "./registry/registry.ts";
import type { Unit } from "./unit.ts";

export interface ModuleHostParts {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly store: Store;
  readonly log: ModuleLog;
  readonly transact: (work: (unit: Unit) => void) => Promise<void>;
  /** Shows what the module says of itself. */
  readonly onHealth: (health: ModuleHealth) => void;
  /** Ends the session: the module does what no module may. */
  readonly onAbuse: (reason: string) => void;
}

/**
 * Makes the host of one session. After `signal` aborted, every call is refused with `closed`, so that a session that
 * was given up cannot speak any more.
 */
export function createModuleHost(
  id: string,
  config: unknown,
  parts: ModuleHostParts,
  signal: AbortSignal,
): ModuleHost<unknown> {
  const source: Source = `module:${id}`;
  const origin: Origin = source;
  const table = `module-${id}`;
  const budget = new ModuleBudget(() => parts.clock.monotonic(), parts.onAbuse);

  function ensureOpen(): void {
    if (signal.aborted) throw new HostError("closed", "the session has ended");
  }

  async function kept(work: (unit: Unit) => void): Promise<void> {
    try {
      await parts.transact(work);
    } catch (cause) {
      if (cause instanceof HostError) throw cause;
      throw new HostError("not-stored", "the gateway's store did not keep it", { cause });
    }
  }

  return {
    config,
    clock: {
      now: () => parts.clock.now(),
      monotonic: () => parts.clock.monotonic(),
      get trust() {
        return parts.clock.trust;
      },
      sleep: (durationMs, sleepSignal) => parts.clock.sleep(durationMs, sleepSignal ?? signal),
      every: (periodMs, tick) => {
        ensureOpen();
        const timer = parts.clock.every(periodMs, () => {
          try {
            tick();
          } catch (error) {
            parts.onAbuse(`a timer threw: ${error instanceof Error ? error.message : String(error)}`);
          }
        });
        // A session that was given up must not tick on.
        const stop = (): void => timer[Symbol.dispose]();
        signal.addEventListener("abort", stop, { once: true });
        return {
          [Symbol.dispose]: () => {
            signal.removeEventListener("abort", stop);
            stop();
          },
        };
      },
    },
    log: parts.log,
    store: {
      get: async (key) => (await parts.store.entries(table)).get(key),
      entries: () => parts.store.entries(table),
      put: async (key: string, value: Json) => {
        ensureOpen();
        budget.call();
        // Checked here: what no disk can carry must not look like a store that fails.
        if (!isJson(value, VALUE_LEVELS)) throw new TypeError(`${key}: expected JSON, found ${show(value)}`);
        const copy = structuredClone(value);
        await kept((unit) => {
          unit.propose(table, key, copy);
          unit.require("power");
        });
      },
      delete: async (key: string) => {
        ensureOpen();
        budget.call();
        await kept((unit) => {
          unit.proposeDelete(table, key);
          unit.require("power");
        });
      },
    },
    health: (health: ModuleHealth) => {
      if (!signal.aborted) parts.onHealth(health);
    },
    announce: async (thing: Thing) => {
      ensureOpen();
      budget.call();
      const copy = structuredClone(thing);
      let refusal: HostError | undefined;
      await kept((unit) => {
        const result = parts.registry.announce(copy, source, unit);
        if (result.ok) return;
        const code = result.code === "foreign-thing" ? "foreign-thing" : "invalid-thing";
        refusal = new HostError(code, `${result.path}: ${result.problem}`);
      });
      if (refusal !== undefined) throw refusal;
    },
    retire: async (thing: ThingId) => {
      ensureOpen();
      budget.call();
      await kept((unit) => void parts.registry.retire(thing, source, unit));
    },
    availability: async (thing: ThingId, availability: Availability) => {
      ensureOpen();
      budget.call();
      if (parts.registry.speaker(thing) !== source) {
        throw new HostError("foreign-thing", `${thing} is not a Thing of this module`);
      }
      await kept((unit) => parts.registry.setAvailability(thing, availability, unit));
    },
    report: async (readings: readonly ReportedReading[]) => {
      ensureOpen();
      const copy = structuredClone(readings);
      await budget.report(copy.length, async () => {
        let refusal: HostError | undefined;
        await kept((unit) => {
          const [first] = parts.registry.report(copy, { source, origin }, unit);
          if (first === undefined) return;
          const where = `${first.observation.thing}/${first.observation.property}`;
          refusal =
            first.code === "foreign-thing"
              ? new HostError("foreign-thing", `${where}: belongs to another source`)
              : new HostError("invalid-thing", `${where}: ${first.code}`);
        });
        if (refusal !== undefined) throw refusal;
      });
    },
    emit: async (event: EmittedEvent) => {
      ensureOpen();
      const copy = structuredClone(event);
      await budget.report(1, async () => {
        let refusal: HostError | undefined;
        await kept((unit) => {
          const result = parts.registry.raise(copy, { source, origin }, unit);
          if (result.ok) return;
          const problem = `${copy.thing}/${copy.event}: ${result.problem}`;
          refusal = new HostError(EVENT_REFUSALS[result.code], problem);
        });
        if (refusal !== undefined) throw refusal;
      });
    },
  };
}

const EVENT_REFUSALS = {
  "unknown-thing": "invalid-thing",
  "foreign-thing": "foreign-thing",
  "unknown-event": "invalid-event",
  "invalid-data": "invalid-event",
} as const;
