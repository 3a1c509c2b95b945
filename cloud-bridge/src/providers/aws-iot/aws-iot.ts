import type { Clock, CloudDesk, CloudMessage, CloudPace } from "@tram/core";
import type { Json } from "@tram/protocol";
import type { BridgeLog } from "../../bridge-log.ts";
import { CarefulWindow } from "../careful-window.ts";
import { MqttConnection, publishBytes } from "../mqtt-connection.ts";
import type { BridgeProvider, CloudLine } from "../provider.ts";
import type { TlsIdentity } from "../tls-identity.ts";
import { AwsIotConnection } from "./connection.ts";
import { explainConnect } from "./faults.ts";
import { Jobs } from "./jobs.ts";
import { AWS_LIMITS, unfit } from "./limits.ts";
import { REQUESTS_SHARE } from "./requests.ts";
import { type ChildShadows, Shadows } from "./shadows.ts";
import { Strikes } from "./strikes.ts";
import type { ThingNames } from "./thing-names.ts";
import { AwsTopics } from "./topics.ts";

export interface AwsIotProviderOptions {
  /** `<id>-ats.iot.<region>.amazonaws.com`. */
  readonly endpoint: string;
  readonly port: number;
  /** MQTT shares the port with HTTPS, and has to be asked for. */
  readonly alpn: boolean;
  readonly identity: TlsIdentity;
  readonly names: ThingNames;
  /** Topic levels before the class. */
  readonly topicPrefix?: string;
  /** Seconds, 30 to 1,200. */
  readonly keepaliveS: number;
  readonly childShadows: ChildShadows;
  readonly payload: (message: CloudMessage) => string;
  readonly clock: Clock;
  readonly log: Pick<BridgeLog, "warn">;
}

/** Developer guide, "Device communication protocols": the name of MQTT with client certificates on port 443. */
export const ALPN = "x-amzn-mqtt-ca";
/** Messages without PUBACK; with the requests of our own it stays below what AWS IoT allows. */
const IN_FLIGHT = 80;

/**
 * AWS IoT Core: MQTT 3.1.1 with a client certificate. There is no session: AWS keeps one for an hour at most and plays
 * it back at ten messages a second, and what it would hold (deltas, job notifications) is read afresh anyway.
 */
export class AwsIotProvider implements BridgeProvider {
  readonly name = "aws-iot";
  readonly maxInFlight = IN_FLIGHT;
  /** MQTT 3.1.1 cannot refuse a single message: one is lost only with the connection, and then so are all after it. */
  readonly maxInFlightPerGroup = IN_FLIGHT;
  readonly batchSize = IN_FLIGHT / 4;
  readonly pace: CloudPace = {
    messagesPerS: AWS_LIMITS.publishesPerS - REQUESTS_SHARE,
    bytesPerS: AWS_LIMITS.bytesPerS - REQUESTS_SHARE * AWS_LIMITS.shadowBytes,
  };
  readonly line: CloudLine;
  readonly #options: AwsIotProviderOptions;
  readonly #topics: AwsTopics;
  readonly #shadows: Shadows;
  readonly #jobs: Jobs;
  readonly #strikes: Strikes;
  readonly #careful = new CarefulWindow(IN_FLIGHT);
  #connection: AwsIotConnection | undefined;

  constructor(options: AwsIotProviderOptions) {
    this.#options = options;
    const { endpoint: host, keepaliveS, port } = options;
    this.line = { host, port, tls: true, keepaliveS };
    const { names, clock, childShadows: children } = options;
    const topics = new AwsTopics(names.gateway, options.topicPrefix);
    this.#topics = topics;
    this.#strikes = new Strikes(clock);
    const tell = (topic: string, payload: Json): void => {
      if (unfit(topic, Buffer.byteLength(JSON.stringify(payload))) === undefined) {
        this.#connection?.tell(topic, payload);
      }
    };
    const time = (): string => new Date(clock.now()).toISOString();
    this.#shadows = new Shadows({
      names,
      topics,
      children,
      clock,
      refuse: (thing, { path, value, refusal: { id, code, reason } }) => {
        const name =
          path.length === 2 && path.every((level) => /^[a-z0-9-]{1,64}$/.test(level))
            ? path.join("/")
            : "shadow";
        const topic = topics.message({ class: "reply", thing, name });
        tell(topic, { id, time: time(), state: "refused", path, value, code, reason });
      },
    });
    this.#jobs = new Jobs({
      topics,
      clock,
      tell: ({ job, execution }, value) =>
        tell(topics.jobResult(job), { id: `job:${job}:${execution}`, time: time(), job, execution, value }),
    });
  }

  sizeOf(message: CloudMessage): number {
    return publishBytes({ topic: this.#topics.message(message), payload: this.#options.payload(message) });
  }

  /** @throws {BridgeError} when there is no connection, with what AWS IoT means by it. */
  async connect(signal: AbortSignal, desk: CloudDesk): Promise<AwsIotConnection> {
    const { endpoint, port, alpn, identity, names, keepaliveS, payload, clock } = this.#options;
    const things = [...desk.things()].map(({ id }) => id).filter((id) => names.of(id) !== names.gateway);
    const usual = this.#topics.filters();
    const more = this.#shadows.filters(things, AWS_LIMITS.subscriptions - usual.length);
    const room = this.#options.childShadows === "classic" ? more.length / 3 : things.length;
    const without = new Set(things.slice(this.#strikes.rests("child-shadows") ? 0 : room));
    if (this.#strikes.rests("own-shadow")) without.add(names.idOf(names.gateway) ?? names.gateway);
    let mqtt: MqttConnection;
    try {
      mqtt = await MqttConnection.open(
        {
          host: endpoint,
          port,
          tls: { identity, ...(alpn ? { alpn: [ALPN] } : {}) },
          clientId: names.gateway,
          protocolVersion: 4,
          keepaliveS,
          clock,
        },
        {
          encode: (message) => {
            const topic = this.#topics.message(message);
            const text = payload(message);
            const problem = unfit(topic, Buffer.byteLength(text));
            return problem === undefined ? { topic, payload: text } : { unfit: problem };
          },
          careful: this.#careful,
          clock,
          onRefused: ({ topic, why }) => {
            const reason = why === "too-large" ? "the message is too long" : "too many messages came at once";
            desk.turnedAway?.({ where: topic, code: why, reason });
            const heard = this.#topics.read(topic);
            if (heard?.kind === "shadow") this.#shadows.missed(heard);
          },
          filtersPerSubscribe: AWS_LIMITS.filtersPerSubscribe,
          subscriptions: [
            {
              filters: [...usual, ...more],
              qos: 1,
              onMessage: async (topic, said) => this.#hear(topic, said),
            },
          ],
        },
        signal,
      );
    } catch (error) {
      throw explainConnect(error, names.gateway);
    }
    const connection = new AwsIotConnection({
      mqtt,
      shadows: this.#shadows,
      jobs: this.#jobs,
      desk,
      clock,
      without,
      withJobs: !this.#strikes.rests("jobs"),
      topicOf: (message) => this.#topics.message(message),
      onAcknowledged: (topic) => {
        const service = this.#topics.serviceOf(topic);
        if (service !== undefined) this.#strikes.worked(service);
      },
      onClosedOver: (topic) => this.#struck(topic),
    });
    this.#connection = connection;
    connection.start();
    return connection;
  }

  #struck(topic: string): void {
    const service = this.#topics.serviceOf(topic);
    if (service === undefined || !this.#strikes.closedOver(service)) return;
    this.#options.log.warn(
      { topic, service },
      "AWS IoT hangs up over a request: it is left alone for an hour",
    );
  }

  #hear(topic: string, payload: Uint8Array): void {
    const heard = this.#topics.read(topic);
    if (heard === undefined) return;
    if (heard.kind === "shadow" || heard.kind === "delta") this.#shadows.hear(heard, payload);
    else this.#jobs.hear(heard, payload);
  }
}
