/** Something that keeps the gateway from starting, said in lines for people. Exit code 2. */
export class ConfigError extends Error {
  readonly code: "config" | "port" | "data";
  /** One line for each thing that is wrong; the message is the first of them. */
  readonly problems: readonly string[];

  constructor(code: ConfigError["code"], problems: string | readonly string[], options?: ErrorOptions) {
    const lines = typeof problems === "string" ? [problems] : problems;
    const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : "";
    super(`${lines[0] ?? "is not a configuration"}${more}`, options);
    this.name = "ConfigError";
    this.code = code;
    this.problems = lines;
  }
}
