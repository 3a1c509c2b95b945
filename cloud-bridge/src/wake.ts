/** Lets one loop sleep until somebody has something for it. A call that comes while it is busy is not lost. */
export class Wake {
  #called = false;
  #resolve: (() => void) | undefined;

  call(): void {
    this.#called = true;
    this.#resolve?.();
  }

  /** Resolves at the next call, or at once if there was one since the last wait. */
  async wait(): Promise<void> {
    if (!this.#called) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#resolve = undefined;
    this.#called = false;
  }
}
