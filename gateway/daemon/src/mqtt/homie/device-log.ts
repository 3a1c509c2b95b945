import type { Clock, Log } from "@tram/core";
import type { HomieLogLevel, ThingId } from "@tram/protocol";
import { AccountLog } from "./account-log.ts";
import type { DeviceNotes } from "./device-notes.ts";

const LEVELS: Readonly<Record<HomieLogLevel, "debug" | "info" | "warn" | "error">> = {
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
  fatal: "error",
};

/** Homie 5.0 "Logging", inward: lines of devices in the gateway's log, as many as it can bear, and the latest on the Thing. */
export class DeviceLog {
  readonly #log: AccountLog;
  readonly #notes: DeviceNotes;

  constructor(parts: { clock: Pick<Clock, "monotonic">; log: Log; notes: DeviceNotes }) {
    this.#log = new AccountLog(parts, "a device logs too much; lines are left out");
    this.#notes = parts.notes;
  }

  /**
   * @param account who speaks for it.
   * @param thing must be known: its notes end with it.
   */
  take(account: string, thing: ThingId, level: HomieLogLevel, text: string): void {
    const line = this.#notes.addLine(thing, level, text);
    this.#log.say(account, LEVELS[level], { thing, line: line.text }, "a device says");
  }
}
