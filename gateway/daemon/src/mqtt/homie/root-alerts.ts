import type { Broker, MqttMessage } from "@tram/core";
import { alertTopic, type GatewayView, parseHomieTopic, slugThingId, type ThingId } from "@tram/protocol";

/** Homie 5.0 "Alert topic": an alert is retained, and removed by an empty payload. */
const RETAINED = { qos: 1, retain: true } as const;

/** What is wrong with the gateway, as alerts of its own device. */
export class RootAlerts {
  readonly #broker: Pick<Broker, "publish">;
  readonly #root: ThingId;
  #current: ReadonlyMap<string, string> = new Map();

  constructor(parts: { broker: Pick<Broker, "publish">; root: { id: ThingId } }) {
    this.#broker = parts.broker;
    this.#root = parts.root.id;
  }

  /** Takes back what a broker of others has retained of an earlier life. */
  hear({ topic, payload }: MqttMessage): void {
    const parsed = parseHomieTopic(topic);
    if (parsed?.kind !== "alert" || parsed.device !== this.#root || payload.length === 0) return;
    if (!this.#current.has(parsed.alert)) this.#publish(parsed.alert, "");
  }

  /** Raises what is new, and takes back what is over. */
  show(problems: GatewayView["problems"]): void {
    const before = this.#current;
    const now = new Map<string, string>();
    for (const { code, where, problem } of problems) {
      const id = slugThingId(`${code} ${where}`, (taken) => now.has(taken));
      now.set(id, where === "" ? problem : `${where}: ${problem}`);
    }
    this.#current = now;
    for (const [id, text] of now) if (before.get(id) !== text) this.#publish(id, text);
    for (const id of before.keys()) if (!now.has(id)) this.#publish(id, "");
  }

  #publish(alert: string, text: string): void {
    const message = { topic: alertTopic(this.#root, alert), payload: Buffer.from(text), ...RETAINED };
    // Raised anew after each start. A broker that does not take it is told of elsewhere.
    this.#broker.publish(message, { volatile: true }).catch(() => undefined);
  }
}
