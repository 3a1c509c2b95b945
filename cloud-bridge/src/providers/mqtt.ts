import type {
  Clock,
  CloudAnswer,
  CloudConnection,
  CloudDesk,
  CloudMessage,
  PublishOutcome,
  TurnedAway,
} from "@tram/core";
import type { Json, Ms } from "@tram/protocol";
import type { IPublishPacket } from "mqtt";
import { BridgeError } from "../bridge-error.ts";
import { CarefulWindow } from "./careful-window.ts";
import { addressOf } from "./dial.ts";
import { MqttConnection, type MqttOutgoing, publishBytes } from "./mqtt-connection.ts";
import type { Answer, HeardMessage, MqttDialect } from "./mqtt-dialect.ts";
import type { MqttSubscription, RefusedMessage } from "./mqtt-inbox.ts";
import { IN_FLIGHT, type MqttTransportOptions } from "./mqtt-transport.ts";
import type { BridgeProvider, CloudLine } from "./provider.ts";
import type { TlsTerms } from "./tls-identity.ts";

export interface MqttProviderOptions {
  /** `mqtt://host:port` or `mqtts://host:port`, without credentials. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly clientId: string;
  /** 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
  readonly protocolVersion: 4 | 5;
  /** Seconds; a dead link is noticed after one and a half times as long. */
  readonly keepaliveS: () => number;
  /** Asked of an `mqtts` address. */
  readonly tls?: TlsTerms;
  readonly dialect: MqttDialect;
  /** How old a command may be that the broker has kept for us, in seconds. Left out: nothing is listened to. */
  readonly hearsForS?: number;
  readonly clock: Pick<Clock, "after" | "monotonic" | "now" | "trust">;
}

/**
 * More messages are handed over than may fly, so that each PUBACK lets the next one go: what we send then carries TCP's
 * acknowledgements along. A broker that waits for those before it sends a small packet (Nagle's algorithm, mosquitto's
 * default) would otherwise stand still for 40 ms after each window: 2,000 messages a second instead of 11,000.
 */
const HANDED_OVER = 4 * IN_FLIGHT;
/** While a house introduces itself: a broker that answers pings and acknowledges nothing would be waited for for ever. */
const ANSWER_WITHIN_MS: Ms = 60_000;

/** Any MQTT broker, over TCP or TLS, QoS 1. Reconnecting is the link's business: each connection is a client of its own. */
export class MqttProvider implements BridgeProvider {
  readonly name = "mqtt";
  readonly maxInFlight = HANDED_OVER;
  readonly maxInFlightPerGroup: number;
  readonly batchSize: number;
  readonly #options: MqttProviderOptions;
  /** Of the latest connection; it is asked for with each message. */
  #line: CloudLine | undefined;
  readonly #careful = new CarefulWindow(IN_FLIGHT);

  constructor(options: MqttProviderOptions) {
    this.#options = options;
    this.#line = lineOf(options);
    // MQTT 3.1.1 has no negative PUBACK: a message is lost only with the connection, and then so are all after it.
    // MQTT 5 can refuse one message and take the next of the same Thing, so there the next must wait for the answer.
    this.maxInFlightPerGroup = options.protocolVersion === 4 ? HANDED_OVER : 1;
    // Where the next message of a Thing waits for the answer to the last one, it must not wait for other Things too.
    this.batchSize = options.protocolVersion === 4 ? IN_FLIGHT / 4 : 1;
  }

  get line(): CloudLine | undefined {
    return this.#line;
  }

  sizeOf(message: CloudMessage): number {
    const outgoing = this.#options.dialect.encode(message);
    return "unfit" in outgoing ? 0 : publishBytes(outgoing);
  }

  /** @throws {BridgeError} when there is no connection. */
  async connect(signal: AbortSignal, desk: CloudDesk): Promise<CloudConnection> {
    const { clock, dialect, hearsForS } = this.#options;
    this.#line = lineOf(this.#options);
    const line: { connection?: MqttConnection } = {};
    const connection = await MqttConnection.open(
      this.#transport(),
      {
        encode: (message) => dialect.encode(message),
        careful: this.#careful,
        clock,
        subscriptions: hearsForS === undefined ? [] : [this.#subscription(desk, () => line.connection)],
        onOpen: (opened) => {
          line.connection = opened;
        },
        onRefused: (refused) => desk.turnedAway?.(turnedAwayOf(refused)),
      },
      signal,
    );
    await this.#greet(connection, desk, signal);
    return connection;
  }

  async #greet(connection: MqttConnection, desk: CloudDesk, signal: AbortSignal): Promise<void> {
    const { clock, dialect, url } = this.#options;
    if (dialect.greet === undefined) return;
    const abort = (): void => void connection[Symbol.asyncDispose]();
    let silent = false;
    let patience: Disposable | undefined;
    const wait = (): void => {
      patience?.[Symbol.dispose]();
      patience = clock.after(ANSWER_WITHIN_MS, () => {
        silent = true;
        abort();
      });
    };
    const { sessionPresent } = connection;
    const send = async (outgoing: MqttOutgoing): Promise<PublishOutcome> => {
      const outcome = await connection.send(outgoing);
      if (patience !== undefined) wait();
      return outcome;
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      if (signal.aborted) abort();
      else wait();
      const voice = await dialect.greet({ send, sessionPresent }, desk);
      void connection.closed.then(() => voice[Symbol.dispose]());
      if (!silent) return;
      throw new BridgeError("timeout", `${addressOf(readUrl(url))}: it does not acknowledge what it is sent`);
    } catch (error) {
      abort();
      throw error;
    } finally {
      patience?.[Symbol.dispose]();
      patience = undefined;
      signal.removeEventListener("abort", abort);
    }
  }

  #subscription(desk: CloudDesk, connection: () => MqttConnection | undefined): MqttSubscription {
    const { dialect } = this.#options;
    return {
      filters: dialect.filters,
      qos: 1,
      maxBytes: dialect.maxBytes,
      noLocal: true,
      onMessage: async (topic, payload, packet) => {
        const message = heardMessage(topic, payload, packet);
        if (message === undefined) {
          const reason = "a property of MQTT 5 that may come once came twice";
          desk.turnedAway?.({ where: topic, code: "malformed", reason });
          return;
        }
        const heard = dialect.read(message, desk);
        if (heard === undefined) return;
        const answer = await this.#ask(heard, desk);
        if (answer === undefined || heard.place === undefined) return;
        const outgoing = dialect.answer?.(heard.place, answer, this.#options.clock.now());
        // The request is acknowledged only once its answer is: with the connection both are lost, and asked for again.
        if (outgoing !== undefined) await connection()?.send(outgoing);
      },
    };
  }

  /** @returns what is answered at once; nothing where the answer follows through the queue. */
  async #ask(
    heard: NonNullable<ReturnType<MqttDialect["read"]>>,
    desk: CloudDesk,
  ): Promise<Answer | undefined> {
    if ("request" in heard) return answerOf(await desk.ask(heard.request));
    const { code, reason } = heard.turnedAway;
    desk.turnedAway?.(heard.turnedAway);
    return { state: "refused", code, reason };
  }

  /**
   * What the broker keeps for us while we are away. MQTT 5 says for how long: as long as a command may be old, so that
   * none is older when it comes. MQTT 3.1.1 has no such word, and a bare `true` may be a week old there: nothing is kept.
   */
  #sessionS(): number | undefined {
    const { hearsForS, protocolVersion } = this.#options;
    return protocolVersion === 5 ? hearsForS : undefined;
  }

  #transport(): MqttTransportOptions {
    const { url, tls, username, password, clientId, protocolVersion, keepaliveS, dialect, clock } =
      this.#options;
    const { secure, host, port } = readUrl(url);
    const sessionExpiryS = this.#sessionS();
    return {
      host,
      port,
      ...(secure ? { tls: tls ?? {} } : {}),
      clientId,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      protocolVersion,
      keepaliveS: keepaliveS(),
      ...(sessionExpiryS === undefined ? {} : { sessionExpiryS }),
      ...(dialect.will === undefined ? {} : { will: dialect.will }),
      clock,
    };
  }
}

function answerOf(answer: CloudAnswer): Answer | undefined {
  switch (answer.outcome) {
    case "accepted":
      return undefined;
    case "done":
      // The end of a command says its state itself.
      return isResult(answer.value) ? answer.value : { state: "done", value: answer.value };
    case "refused":
      return { state: "refused", code: answer.code, reason: answer.reason };
  }
}

function isResult(value: Json): value is Record<string, Json> & { state: string } {
  return typeof value === "object" && value !== null && "command" in value && "state" in value;
}

/** @returns `undefined` where nobody knows what was meant: of what comes twice mqtt.js makes a list, whatever its type says. */
function heardMessage(topic: string, payload: Buffer, packet: IPublishPacket): HeardMessage | undefined {
  const { responseTopic, correlationData, messageExpiryInterval } = packet.properties ?? {};
  const sound =
    (responseTopic === undefined || typeof responseTopic === "string") &&
    (correlationData === undefined || Buffer.isBuffer(correlationData)) &&
    (messageExpiryInterval === undefined || typeof messageExpiryInterval === "number");
  if (!sound) return undefined;
  return {
    topic,
    payload,
    retain: packet.retain,
    dup: packet.dup,
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
    ...(messageExpiryInterval === undefined ? {} : { expiryS: messageExpiryInterval }),
  };
}

function turnedAwayOf({ topic, why }: RefusedMessage): TurnedAway {
  const reason = why === "too-large" ? "it is too long to be read" : "too many came at once";
  return { where: topic, code: why, reason };
}

/** @returns `undefined` for an address that is none: `connect` says so. */
function lineOf({ keepaliveS, url }: MqttProviderOptions): CloudLine | undefined {
  if (!URL.canParse(url)) return undefined;
  const { host, port, secure } = readUrl(url);
  return { host, port, tls: secure, keepaliveS: keepaliveS() };
}

/** The place that the address of a broker names. @throws {BridgeError} */
export function readUrl(url: string): {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
} {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new BridgeError("unreachable", `${url}: this is not an address`, { cause });
  }
  const secure = parsed.protocol === "mqtts:";
  const port = parsed.port === "" ? (secure ? 8883 : 1883) : Number(parsed.port);
  return { secure, port, host: parsed.hostname.replace(/^\[(.*)\]$/, "$1") };
}
