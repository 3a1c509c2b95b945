/** Something that collects bytes for a socket. */
export interface Flushable {
  flush(): void;
}

/** Writes what a turn of the event loop has collected: one system call for each socket, however many packets. */
export class Flusher {
  #dirty: Flushable[] = [];

  /** Call it once for each time that something begins to collect. */
  add(connection: Flushable): void {
    if (this.#dirty.length === 0) setImmediate(this.#flush);
    this.#dirty.push(connection);
  }

  readonly #flush = (): void => {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const each of dirty) each.flush();
  };
}
