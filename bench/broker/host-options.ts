/** What a program that hosts a broker of Node is told; it answers `up <port>`. */
export interface HostOptions {
  /** Folder of its own on the disk. */
  readonly folder: string;
  /** Folder of the journal, in memory. */
  readonly journal: string;
  /** Every message is synced before it is acknowledged. */
  readonly strict: boolean;
}

/** Of the program's own command line. */
export function hostOptions(): HostOptions {
  return JSON.parse(process.argv[2] ?? "") as HostOptions;
}
