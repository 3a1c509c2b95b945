import { PRODUCT } from "@tram/protocol";
import { ConfigError } from "../config/config-error.ts";
import { finishRestore } from "./apply.ts";

/**
 * Ends a restore that was cut short.
 * @throws {ConfigError} `data` when this user cannot: the gateway must not start between two states.
 */
export function resumeRestore(data: string): void {
  try {
    finishRestore(data);
  } catch (cause) {
    const { message } = cause as Error;
    throw new ConfigError(
      "data",
      `data: a restore was cut short in ${data}, and cannot be ended here (${message}): run \`${PRODUCT.name} restore --resume --data ${data}\` as root`,
      { cause },
    );
  }
}
