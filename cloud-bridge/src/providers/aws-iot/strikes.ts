import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";

/** What AWS IoT may not let us do, each by a part of the policy. */
export type Service = "jobs" | "own-shadow" | "child-shadows";

/** So often a connection has to end over a service before it is left alone. */
const ENOUGH = 2;
/** Then it is tried again: policies are mended. */
const REST_MS: Ms = 3_600_000;

interface Record {
  count: number;
  until: Ms;
}

/**
 * Who publishes what the policy does not allow loses the connection, at every attempt again, and with it all messages
 * that are allowed. A service that has never worked, and over which connections end, is left alone for an hour.
 */
export class Strikes {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #worked = new Set<Service>();
  readonly #records = new Map<Service, Record>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** AWS IoT has acknowledged a request. */
  worked(service: Service): void {
    this.#worked.add(service);
    this.#records.delete(service);
  }

  /** AWS IoT has closed the connection over a request. @returns whether the service is left alone from now on. */
  closedOver(service: Service): boolean {
    if (this.#worked.has(service)) return false;
    const record = this.#records.get(service) ?? { count: 0, until: Number.NEGATIVE_INFINITY };
    record.count++;
    if (record.count >= ENOUGH) record.until = this.#clock.monotonic() + REST_MS;
    this.#records.set(service, record);
    return record.count >= ENOUGH;
  }

  /** Whether a service is to be left alone. */
  rests(service: Service): boolean {
    const record = this.#records.get(service);
    return record !== undefined && this.#clock.monotonic() < record.until;
  }
}
