/** How many requests are under way at once, of all rules and of one; and how many wait. */
export const HTTP_LANES = { active: 8, perRule: 4, waiting: 100, waitingPerRule: 50 } as const;

interface Waiting {
  readonly rule: string;
  readonly begin: () => void;
}

/** Lets a few at a time go. A rule that calls a host which does not answer leaves room for the others. */
export class HttpLanes {
  readonly #active = new Map<string, number>();
  #total = 0;
  #waiting: Waiting[] = [];

  /**
   * Does `work` when there is room.
   * @returns its result, or `undefined` at once when too many wait.
   */
  async run<T>(rule: string, work: () => Promise<T>): Promise<T | undefined> {
    if (!this.#hasRoom(rule)) {
      const own = this.#waiting.filter((one) => one.rule === rule).length;
      if (this.#waiting.length >= HTTP_LANES.waiting || own >= HTTP_LANES.waitingPerRule) return undefined;
      await new Promise<void>((begin) => this.#waiting.push({ rule, begin }));
    } else this.#enter(rule);
    try {
      return await work();
    } finally {
      this.#leave(rule);
    }
  }

  #hasRoom(rule: string): boolean {
    return this.#total < HTTP_LANES.active && (this.#active.get(rule) ?? 0) < HTTP_LANES.perRule;
  }

  #enter(rule: string): void {
    this.#total++;
    this.#active.set(rule, (this.#active.get(rule) ?? 0) + 1);
  }

  #leave(rule: string): void {
    this.#total--;
    const left = (this.#active.get(rule) ?? 1) - 1;
    if (left === 0) this.#active.delete(rule);
    else this.#active.set(rule, left);
    const next = this.#waiting.find((one) => this.#hasRoom(one.rule));
    if (next === undefined) return;
    this.#waiting = this.#waiting.filter((one) => one !== next);
    this.#enter(next.rule);
    next.begin();
  }
}
