/**
 * Waits for a promise, but no longer than the signal allows: code that hangs is left behind, and what it returns too
 * late is handed to `onLate`.
 */
export async function abandonable<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  onLate: (value: T) => void = () => undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abandon = (): void => {
      reject(signal.reason);
      promise.then(onLate, () => undefined);
    };
    if (signal.aborted) {
      abandon();
      return;
    }
    signal.addEventListener("abort", abandon, { once: true });
    // The listener goes in the same turn as the promise settles: a value is handed out or is late, never both.
    const settled = (): void => signal.removeEventListener("abort", abandon);
    promise.finally(settled).then(resolve, reject);
  });
}
