import type { Log } from "@tram/core";
import { destination, pino } from "pino";

/** Field names whose values never reach the log, at the top or one level down. */
const SECRET = ["password", "token", "secret", "code.value", "authorization", "cookie"];

/** The log: one JSON object a line on standard error. */
export function createLog(level: "debug" | "info" | "warn" | "error"): Log {
  const paths = SECRET.flatMap((name) => [name, `*.${name}`]);
  return pino(
    { level, base: null, redact: { paths, censor: "[hidden]" }, timestamp: pino.stdTimeFunctions.isoTime },
    // Synchronous: the last line before a crash is the one that is needed.
    destination({ dest: 2, sync: true }),
  );
}
