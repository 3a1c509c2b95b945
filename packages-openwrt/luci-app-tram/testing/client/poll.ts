interface Entry {
  readonly run: () => unknown;
  readonly intervalS: number;
  ready: boolean;
}

/** Runs functions every so many seconds, none of them twice at once. */
export class Poll {
  readonly #entries: Entry[] = [];
  #tick = 0;
  #timer: number | undefined;

  add(run: () => unknown, intervalS: number): boolean {
    this.#entries.push({ run, intervalS, ready: true });
    this.#timer ??= window.setInterval(() => this.#step(), 1_000);
    return true;
  }

  #step(): void {
    this.#tick++;
    for (const entry of this.#entries) {
      if (!entry.ready || this.#tick % entry.intervalS !== 0) continue;
      entry.ready = false;
      void Promise.resolve(entry.run()).finally(() => {
        entry.ready = true;
      });
    }
  }
}
