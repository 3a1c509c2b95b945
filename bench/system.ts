/** A system that can do the automation of the scenario. */
export interface System {
  readonly name: string;
  /** Writes its configuration into a folder of its own, for a broker on `port`. */
  prepare(folder: string, port: number): Promise<void>;
  /** Starts it on what is in the folder; returns before it is ready. */
  launch(folder: string): Launched;
}

export interface Launched {
  readonly pids: readonly number[];
  /** Resolves when its rules run. */
  readonly ready: Promise<void>;
  /** What its processes wrote last, for error messages. */
  output(): string;
  /** Ends it in order; the folder then has what it kept. */
  end(): Promise<void>;
}
