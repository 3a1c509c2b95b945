import type { Clock, Log, LogFields } from "@tram/core";
import type { Ms } from "@tram/protocol";

const QUIET_MS: Ms = 60_000;
const MOST_REMEMBERED = 1_000;

interface Said {
  readonly at: Ms;
  unsaid: number;
}

/** Tells of broken and forbidden things once a minute for each client and cause: a flood of them must not be one of lines. */
export class Remarks {
  readonly #log: Log;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #said = new Map<string, Said>();

  constructor(log: Log, clock: Pick<Clock, "monotonic">) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param about whom and what it is about: the same is told once a minute, with the number of times in between. */
  warn(about: string, fields: LogFields, text: string): void {
    const now = this.#clock.monotonic();
    const said = this.#said.get(about);
    if (said !== undefined && now - said.at < QUIET_MS) {
      said.unsaid++;
      return;
    }
    this.#said.delete(about);
    if (this.#said.size >= MOST_REMEMBERED) {
      const [oldest] = this.#said.keys();
      if (oldest !== undefined) this.#said.delete(oldest);
    }
    this.#said.set(about, { at: now, unsaid: 0 });
    const again = said?.unsaid ?? 0;
    this.#log.warn(again > 0 ? { ...fields, again } : fields, text);
  }
}
