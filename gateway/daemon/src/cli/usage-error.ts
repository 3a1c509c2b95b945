/** The command line was not understood. Exit code 2. */
export class UsageError extends Error {
  readonly code = "usage";
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** The command was understood and failed. Exit code 1. */
export class CommandFailed extends Error {
  readonly code = "failed";
  constructor(message: string) {
    super(message);
    this.name = "CommandFailed";
  }
}
