/** Time for the nodes: monotonic, so that a clock that is set neither hurries nor stops anything. */
export interface Timers {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Calls once after a while, in milliseconds, unless it is disposed of before. */
  after(delayMs: number, act: () => void): Disposable;
}

/** Those of the machine. They do not keep a process alive. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  after: (delayMs, act) => {
    const timer = setTimeout(act, delayMs).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
