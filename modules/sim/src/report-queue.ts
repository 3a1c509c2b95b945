import { HostError, type ModuleHost, type ReportedReading } from "@tram/module-sdk";

/** Refusals that pass: the readings are kept here and offered again. */
const PASSING = new Set(["not-stored", "flooding"]);

/**
 * Hands readings to the gateway, one report at a time, and keeps them while the gateway cannot.
 * Of a value that was overtaken only the newest is kept, and of those that answer a command the newest too: what waits
 * stays as small as the house.
 */
export class ReportQueue {
  readonly #host: Pick<ModuleHost, "report" | "health" | "log">;
  readonly #onBroken: (error: unknown) => void;
  #waiting: readonly ReportedReading[] = [];
  #sending = false;
  #refused = false;
  #closed = false;

  /** @param onBroken is told of a refusal that will not pass. */
  constructor(host: Pick<ModuleHost, "report" | "health" | "log">, onBroken: (error: unknown) => void) {
    this.#host = host;
    this.#onBroken = onBroken;
  }

  push(readings: readonly ReportedReading[]): void {
    this.#waiting = merged(this.#waiting, readings);
  }

  /** Reports what waits, unless a report is under way, which then takes it along. */
  flush(): void {
    if (!this.#sending && !this.#closed && this.#waiting.length > 0) void this.#send();
  }

  /** Reports nothing any more. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  async #send(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#waiting.length > 0 && !this.#closed) {
        const batch = this.#waiting;
        this.#waiting = [];
        await this.#offer(batch);
        if (this.#refused) break; // Tried again with the next flush.
      }
    } finally {
      this.#sending = false;
    }
  }

  async #offer(batch: readonly ReportedReading[]): Promise<void> {
    try {
      await this.#host.report(batch);
    } catch (error) {
      if (!this.#closed) this.#onRefusal(batch, error);
      return;
    }
    if (!this.#refused || this.#closed) return;
    this.#refused = false;
    this.#host.health({ state: "up" });
    this.#host.log.info({}, "the gateway takes readings again");
  }

  #onRefusal(batch: readonly ReportedReading[], error: unknown): void {
    if (!(error instanceof HostError && PASSING.has(error.code))) {
      this.#onBroken(error);
      return;
    }
    this.#waiting = merged(batch, this.#waiting);
    if (this.#refused) return;
    this.#refused = true;
    this.#host.health({ state: "degraded", reason: `the gateway takes no readings: ${error.message}` });
    this.#host.log.warn({ code: error.code }, "the gateway takes no readings");
  }
}

/** Adds newer readings behind older ones, without those that are overtaken. */
function merged(
  older: readonly ReportedReading[],
  newer: readonly ReportedReading[],
): readonly ReportedReading[] {
  const overtakes = (reading: ReportedReading, later: ReportedReading): boolean =>
    later.thing === reading.thing &&
    later.property === reading.property &&
    (reading.cause === undefined || later.cause !== undefined);
  return [...older.filter((reading) => !newer.some((later) => overtakes(reading, later))), ...newer];
}
