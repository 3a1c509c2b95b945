import type { Log } from "@tram/core";
import { destination, pino } from "pino";
import type { LogRing } from "./support/log-ring.ts";

/** Field names whose values never reach the log, at the top or one level down. */
const SECRET = ["password", "token", "secret", "code.value", "authorization", "cookie"];

/**
 * The log: one JSON object a line on standard error.
 * @param recent takes each line too.
 */
export function createLog(level: "debug" | "info" | "warn" | "error", recent: Pick<LogRing, "add">): Log {
  const paths = SECRET.flatMap((name) => [name, `*.${name}`]);
  // Synchronous: the last line before a crash is the one that is needed.
  const out = destination({ dest: 2, sync: true });
  return pino(
    { level, base: null, redact: { paths, censor: "[hidden]" }, timestamp: pino.stdTimeFunctions.isoTime },
    {
      write: (line: string) => {
        recent.add(line);
        out.write(line);
      },
    },
  );
}
