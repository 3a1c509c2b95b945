import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { Audit, AuditEntry } from "./audit-log.ts";

/** An entry of one kind is written once in this time; the others are counted. In milliseconds. */
export const QUIET_MS: Ms = 60_000;
/** Kinds that are told apart in that time. What comes beyond them is counted in one sum. */
export const MOST_KINDS = 30;

interface Kind {
  readonly entry: AuditEntry;
  readonly key: string;
  more: number;
}

/**
 * Lets the first of many equal entries through and counts the rest: refusals repeat as fast as a broken device
 * reconnects, commands as fast as somebody moves a slider. Whoever makes each of them another (random topics, random names) gets so many lines a minute and a sum.
 */
export class RepeatFilter implements Disposable {
  readonly #clock: Pick<Clock, "after">;
  readonly #audit: Audit;
  #kinds = new Map<string, Kind>();
  #beyond: Kind | undefined;
  #timer: Disposable | undefined;

  constructor(parts: { clock: Pick<Clock, "after">; audit: Audit }) {
    this.#clock = parts.clock;
    this.#audit = parts.audit;
  }

  /**
   * @param key what makes two entries the same: the client and the topic.
   * @param write where the first goes; the sums come later, and by themselves.
   */
  note(key: string, entry: AuditEntry, write: Audit = this.#audit): void {
    const known = this.#kinds.get(key);
    if (known !== undefined) known.more++;
    else if (this.#kinds.size < MOST_KINDS) this.#begin(key, entry, write);
    else if (this.#beyond !== undefined) this.#beyond.more++;
    else
      this.#beyond = {
        key,
        entry: { ...entry, subject: "several", detail: "too many to tell apart" },
        more: 1,
      };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#tell();
  }

  #begin(key: string, entry: AuditEntry, write: Audit): void {
    this.#kinds.set(key, { key, entry, more: 0 });
    write(entry);
    this.#timer ??= this.#clock.after(QUIET_MS, () => this.#turn());
  }

  /** The minute is over. Who went on knocking is told with its sum, and not anew as a first. */
  #turn(): void {
    this.#timer = undefined;
    const busy = this.#tell();
    for (const { key, entry } of busy) this.#kinds.set(key, { key, entry, more: 0 });
    if (busy.length > 0) this.#timer = this.#clock.after(QUIET_MS, () => this.#turn());
  }

  /** Writes the sums and begins anew. @returns those that repeated. */
  #tell(): readonly Kind[] {
    const busy = [...this.#kinds.values()].filter(({ more }) => more > 0);
    for (const { entry, more } of busy) this.#audit({ ...entry, count: more });
    if (this.#beyond !== undefined) this.#audit({ ...this.#beyond.entry, count: this.#beyond.more });
    this.#kinds = new Map();
    this.#beyond = undefined;
    return busy;
  }
}
