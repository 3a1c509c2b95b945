import { type Broker, type Clock, type Log, type LogFields, TokenBucket } from "@tram/core";
import { type HomieLogLevel, logTopic, type ThingId } from "@tram/protocol";

/** Homie 5.0 "Logging": MQTT is no logging solution, and is to be used with care. */
const RATE = { perSecond: 0.2, burst: 10 } as const;
/** Fields that are told. None of them ever holds a secret. */
const FIELDS = ["thing", "module", "rule", "client", "code", "where", "problem", "reason"] as const;
const LIMIT_CHARACTERS = 512;

/** What the gateway warns of, as log lines of its own device. */
export class RootLog {
  readonly #broker: Pick<Broker, "publish">;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #root: ThingId;
  readonly #bucket: TokenBucket;

  constructor(parts: {
    broker: Pick<Broker, "publish">;
    clock: Pick<Clock, "monotonic">;
    root: { id: ThingId };
  }) {
    this.#broker = parts.broker;
    this.#clock = parts.clock;
    this.#root = parts.root.id;
    this.#bucket = new TokenBucket(RATE.perSecond, RATE.burst, parts.clock.monotonic());
  }

  tell(level: HomieLogLevel, fields: LogFields, text: string): void {
    if (!this.#bucket.take(1, this.#clock.monotonic())) return;
    const told = FIELDS.flatMap((key) =>
      fields[key] === undefined ? [] : [`${key}: ${String(fields[key])}`],
    );
    const line = [text, ...told].join("; ").slice(0, LIMIT_CHARACTERS);
    const topic = logTopic(this.#root, level);
    const message = { topic, payload: Buffer.from(line), qos: 0, retain: false } as const;
    // That it does not go out must not be logged in turn.
    this.#broker.publish(message).catch(() => undefined);
  }
}

/** A log that also tells `heard` what it warns of. */
export function overheard(log: Log, heard: RootLog["tell"]): Log {
  return {
    debug: (fields, text) => log.debug(fields, text),
    info: (fields, text) => log.info(fields, text),
    warn: (fields, text) => {
      log.warn(fields, text);
      heard("warn", fields, text);
    },
    error: (fields, text) => {
      log.error(fields, text);
      heard("error", fields, text);
    },
  };
}
