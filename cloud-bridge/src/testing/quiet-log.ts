import type { LogFields } from "@tram/core";
import type { BridgeLog } from "../bridge-log.ts";

/** A log that keeps its lines for the test to look at. */
export class QuietLog implements BridgeLog {
  readonly lines: {
    readonly level: "info" | "warn" | "error";
    readonly fields: LogFields;
    readonly text: string;
  }[] = [];
  info(fields: LogFields, text: string): void {
    this.lines.push({ level: "info", fields, text });
  }
  warn(fields: LogFields, text: string): void {
    this.lines.push({ level: "warn", fields, text });
  }
  error(fields: LogFields, text: string): void {
    this.lines.push({ level: "error", fields, text });
  }
  /** `warn the bridge is offline`, … */
  get texts(): readonly string[] {
    return this.lines.map(({ level, text }) => `${level} ${text}`);
  }
}
