import type { Broker, BrokerMetrics, Clock } from "@tram/core";
import { type Ms, PRODUCT } from "@tram/protocol";
import { LoadAverage } from "./load-average.ts";

/** As mosquitto does (mosquitto.conf(5), sys_interval). */
const PERIOD_MS: Ms = 10_000;
const MINUTES = [1, 5, 15] as const;

/** Counters whose averages are published, with the names that they have in the topics. */
const LOADS = [
  ["messages/received", "messagesIn"],
  ["messages/sent", "messagesOut"],
  ["bytes/received", "bytesIn"],
  ["bytes/sent", "bytesOut"],
] as const satisfies readonly (readonly [string, keyof BrokerMetrics])[];

/**
 * Publishes what the broker counts under `$SYS/broker/`, by the names that dashboards for mosquitto read (mosquitto(8),
 * "Broker status"). Retained, and only what has changed.
 */
export class SysTopics implements Disposable {
  readonly #broker: Pick<Broker, "metrics" | "publish">;
  readonly #version: string;
  readonly #startedAt: Ms;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #timer: Disposable;
  readonly #told = new Map<string, string>();
  readonly #averages = new Map<string, LoadAverage>();
  #most = 0;

  constructor(parts: {
    broker: Pick<Broker, "metrics" | "publish">;
    clock: Pick<Clock, "every" | "monotonic">;
    version: string;
  }) {
    this.#broker = parts.broker;
    this.#clock = parts.clock;
    this.#version = parts.version;
    this.#startedAt = parts.clock.monotonic();
    this.#tell();
    this.#timer = parts.clock.every(PERIOD_MS, () => this.#tell());
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #tell(): void {
    const metrics = this.#broker.metrics();
    const now = this.#clock.monotonic();
    this.#most = Math.max(this.#most, metrics.connections);
    for (const [name, value] of [...this.#counts(metrics, now), ...this.#loads(metrics, now)]) {
      const text = String(value);
      if (this.#told.get(name) === text) continue;
      this.#told.set(name, text);
      const message = {
        topic: `$SYS/broker/${name}`,
        payload: Buffer.from(text),
        qos: 0,
        retain: true,
      } as const;
      this.#broker.publish(message, { volatile: true }).catch(() => undefined); // Told again at the next change.
    }
  }

  #counts(metrics: BrokerMetrics, now: Ms): readonly (readonly [string, string | number])[] {
    const { connections, sessions } = metrics;
    return [
      ["version", `${PRODUCT.name} version ${this.#version}`],
      ["uptime", `${Math.floor((now - this.#startedAt) / 1_000)} seconds`],
      ["clients/connected", connections],
      ["clients/disconnected", sessions - connections],
      ["clients/total", sessions],
      ["clients/maximum", this.#most],
      ["messages/received", metrics.messagesIn],
      ["messages/sent", metrics.messagesOut],
      ["publish/messages/received", metrics.messagesIn],
      ["publish/messages/sent", metrics.messagesOut],
      ["publish/messages/dropped", metrics.dropped],
      ["bytes/received", metrics.bytesIn],
      ["bytes/sent", metrics.bytesOut],
      ["subscriptions/count", metrics.subscriptions],
      ["retained messages/count", metrics.retained],
      ["store/messages/count", metrics.queuedMessages],
      ["store/messages/bytes", metrics.queuedBytes],
    ];
  }

  #loads(metrics: BrokerMetrics, now: Ms): readonly (readonly [string, string])[] {
    return LOADS.flatMap(([name, counter]) =>
      MINUTES.map((minutes) => {
        const topic = `load/${name}/${minutes}min`;
        let average = this.#averages.get(topic);
        if (average === undefined) {
          average = new LoadAverage(minutes, metrics[counter], now);
          this.#averages.set(topic, average);
        }
        return [topic, average.look(metrics[counter], now).toFixed(2)] as const;
      }),
    );
  }
}
