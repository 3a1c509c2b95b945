/** Something that keeps the gateway from starting, said in one line for people. Exit code 2. */
export class ConfigError extends Error {
  readonly code: "config" | "port" | "data";

  constructor(code: ConfigError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConfigError";
    this.code = code;
  }
}
