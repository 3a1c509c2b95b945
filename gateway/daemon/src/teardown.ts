/**
 * Closes what was opened, in reverse order. (Node 24's `AsyncDisposableStack`; the product runs on Node 22 too.)
 * One that fails to close does not keep the others open.
 */
export class Teardown {
  readonly #steps: (() => void | PromiseLike<void>)[] = [];
  readonly #onFault: (error: unknown) => void;

  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  defer(step: () => void | PromiseLike<void>): void {
    this.#steps.push(step);
  }

  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    this.defer(() =>
      Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose](),
    );
    return resource;
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
