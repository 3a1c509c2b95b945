/** How much a writer may still put on the flash today. */
export interface WriteMeter {
  /** Told of every write, in bytes as the medium takes them: whole pages. */
  wrote(bytes: number): void;
  /** `batch-longer`: write less often and more at once. `thin`: keep only what cannot be missed. */
  readonly verdict: "ok" | "batch-longer" | "thin";
}

/** Counts, and lets everything pass. */
export class WriteCounter implements WriteMeter {
  bytes = 0;
  readonly verdict = "ok";

  wrote(bytes: number): void {
    this.bytes += bytes;
  }
}
