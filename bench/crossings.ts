/** A command that was received, and how long after its reading was sent. In milliseconds. */
export type Latency = number;

interface Outstanding {
  readonly value: boolean;
  readonly sentAt: number;
}

/**
 * Pairs the readings that crossed the threshold with the commands that they caused. The commands of an actuator come
 * in the order of their readings; one that never comes is counted as missed.
 */
export class Crossings {
  readonly #outstanding = new Map<string, Outstanding[]>();
  #missed = 0;
  #unexpected = 0;

  sent(actuator: string, value: boolean, sentAt: number): void {
    const waiting = this.#outstanding.get(actuator) ?? [];
    waiting.push({ value, sentAt });
    this.#outstanding.set(actuator, waiting);
  }

  /** @returns when the reading was sent that this command answers; undefined for a command that nobody caused. */
  received(actuator: string, value: boolean): number | undefined {
    const waiting = this.#outstanding.get(actuator) ?? [];
    const index = waiting.findIndex((crossing) => crossing.value === value);
    const found = waiting[index];
    if (found === undefined) {
      this.#unexpected++;
      return undefined;
    }
    this.#missed += index;
    waiting.splice(0, index + 1);
    return found.sentAt;
  }

  /** Crossings without a command. Those of the last moment may still be under way: wait before you ask. */
  get missed(): number {
    return [...this.#outstanding.values()].reduce((sum, { length }) => sum + length, this.#missed);
  }

  /** Commands without a crossing. */
  get unexpected(): number {
    return this.#unexpected;
  }
}
