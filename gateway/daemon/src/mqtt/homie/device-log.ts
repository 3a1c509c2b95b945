import { type Clock, type Log, TokenBucket } from "@tram/core";
import type { HomieLogLevel, Ms, ThingId } from "@tram/protocol";
import type { DeviceNotes } from "./device-notes.ts";

/** Lines of one device that reach the gateway's log, and of how many devices that is known. */
const RATE = { perSecond: 1, burst: 20, devices: 256 } as const;
/** Time between two complaints about the same device. */
const COMPLAIN_MS: Ms = 60_000;

const LEVELS: Readonly<Record<HomieLogLevel, "debug" | "info" | "warn" | "error">> = {
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
  fatal: "error",
};

interface Speaker {
  readonly bucket: TokenBucket;
  /** When lines were last left out and that was told, on the monotonic clock. */
  complainedAt: Ms;
}

/** Homie 5.0 "Logging", inward: lines of devices in the gateway's log, as many as it can bear, and the latest on the Thing. */
export class DeviceLog {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #log: Log;
  readonly #notes: DeviceNotes;
  readonly #speakers = new Map<ThingId, Speaker>();

  constructor(parts: { clock: Pick<Clock, "monotonic">; log: Log; notes: DeviceNotes }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#notes = parts.notes;
  }

  /** @param thing must be known: its notes end with it. */
  take(thing: ThingId, level: HomieLogLevel, text: string): void {
    const line = this.#notes.addLine(thing, level, text);
    const speaker = this.#speakerOf(thing);
    const now = this.#clock.monotonic();
    if (speaker.bucket.take(1, now)) {
      this.#log[LEVELS[level]]({ thing, line: line.text }, "a device says");
    } else if (now - speaker.complainedAt >= COMPLAIN_MS) {
      speaker.complainedAt = now;
      this.#log.warn({ thing }, "a device logs too much; lines are left out");
    }
  }

  #speakerOf(thing: ThingId): Speaker {
    const known = this.#speakers.get(thing);
    if (known !== undefined) return known;
    if (this.#speakers.size >= RATE.devices) {
      const [oldest] = this.#speakers.keys();
      if (oldest !== undefined) this.#speakers.delete(oldest);
    }
    const bucket = new TokenBucket(RATE.perSecond, RATE.burst, this.#clock.monotonic());
    const speaker = { bucket, complainedAt: Number.NEGATIVE_INFINITY };
    this.#speakers.set(thing, speaker);
    return speaker;
  }
}
