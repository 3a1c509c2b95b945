import type { Duplex } from "node:stream";
import type {
  Broker,
  BrokerHooks,
  BrokerMetrics,
  Clock,
  Log,
  MqttClient,
  MqttMessage,
  MqttSessionView,
  Store,
  Transactions,
} from "@tram/core";
import { ReasonCode } from "../codec/reason-code.ts";
import { Connection, type ConnectionOrigin } from "../connection/connection.ts";
import { Flusher } from "../connection/flusher.ts";
import { greeting } from "../connection/greeting.ts";
import { parseTopicFilter, parseTopicName, type TopicProblem } from "../topics/index.ts";
import { type BrokerLimits, DEFAULT_LIMITS } from "./limits.ts";
import { ListenerReceiver } from "./listener-receiver.ts";
import { MemoryGuard } from "./memory-guard.ts";
import { ofMqttMessage } from "./message.ts";
import { Remarks } from "./remarks.ts";
import { RetainedMessages } from "./retained-messages.ts";
import type { Redirect, Room } from "./room.ts";
import { Router } from "./router.ts";
import { SessionStore } from "./session-store.ts";
import { Sessions } from "./sessions.ts";
import { metricsOf, sessionView } from "./views.ts";

export interface TramBrokerOptions {
  readonly limits?: Partial<BrokerLimits>;
  /** Sends all clients to another server. */
  readonly redirect?: Redirect;
}

export interface TramBrokerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly transactions: Pick<Transactions, "open" | "transact">;
}

/** Our own engine: MQTT 3.1.1 and 5.0, durable before it acknowledges. It binds no sockets: connections are brought. */
export interface TramBroker extends Broker {
  /** Takes a connection: a socket, a TLS socket, a WebSocket's stream, or memory. */
  attach(stream: Duplex, origin: ConnectionOrigin): void;
}

const SWEEP_MS = 1_000;
/** How long clients have at the stop to take what was sent to them. */
const FAREWELL_MS = 300;

/** Opens the broker with everything that an earlier process kept. */
export async function openTramBroker(
  options: TramBrokerOptions,
  hooks: BrokerHooks,
  parts: TramBrokerParts,
): Promise<TramBroker> {
  const broker = new Engine(options, hooks, parts);
  await broker.restore(parts.store);
  return broker;
}

class Engine implements TramBroker {
  readonly #room: Room;
  readonly #transactions: TramBrokerParts["transactions"];
  readonly #timer: Disposable;
  #closing = false;

  constructor(options: TramBrokerOptions, hooks: BrokerHooks, { clock, log, transactions }: TramBrokerParts) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const sessions = new Sessions();
    const memory = new MemoryGuard(limits.memoryBytes, log);
    const remarks = new Remarks(log, clock);
    this.#transactions = transactions;
    this.#room = {
      limits,
      clock,
      log,
      hooks,
      transactions,
      sessions,
      router: new Router(),
      retained: new RetainedMessages(limits, clock, remarks),
      store: new SessionStore(transactions, clock),
      remarks,
      flusher: new Flusher(),
      totals: { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, refused: 0, dropped: 0 },
      redirect: options.redirect,
      full: () => this.#closing || memory.full,
      unacknowledged: new Set(),
    };
    sessions.room = this.#room;
    this.#timer = clock.every(SWEEP_MS, () => {
      memory.look();
      sessions.sweep();
    });
  }

  async restore(store: Store): Promise<void> {
    const { log, retained, sessions } = this.#room;
    const refused = await retained.restore(store);
    if (refused.length > 0)
      log.warn({ topics: refused.length, first: refused[0] }, "retained messages could not be read");
    sessions.restore(await this.#room.store.restore(store));
  }

  attach(stream: Duplex, origin: ConnectionOrigin): void {
    const { limits, sessions } = this.#room;
    if (this.#closing || sessions.connections.size >= limits.connections) {
      stream.on("error", () => undefined); // It goes away in any case.
      stream.destroy();
      return;
    }
    sessions.came(new Connection(this.#room, stream, origin, greeting));
  }

  async publish(message: MqttMessage, options: { readonly volatile?: boolean } = {}): Promise<void> {
    const topic = parseTopicName(message.topic);
    if (!topic.ok) throw invalid("topic", topic);
    const { clock, retained, router, store } = this.#room;
    const own = ofMqttMessage(message, topic.topic, clock.monotonic());
    const unit = this.#transactions.open();
    if (own.retain) retained.keep(own, unit, options);
    const plan = router.plan(own);
    for (const { delivery, receiver } of plan ?? []) {
      if (delivery !== undefined) store.queue(receiver, delivery, unit);
    }
    const kept = unit.settle();
    if (kept !== undefined) {
      try {
        await kept;
      } catch (error) {
        if (plan === undefined) router.deliver(own);
        else router.execute(plan, own, false);
        throw error;
      }
    }
    if (plan === undefined) router.deliver(own);
    else router.execute(plan, own, true);
  }

  subscribe(
    filter: string,
    { qos }: { readonly qos: 0 | 1 | 2 },
    listener: (message: MqttMessage) => void,
  ): Disposable {
    const parsed = parseTopicFilter(filter);
    if (!parsed.ok) throw invalid("filter", parsed);
    const { clock, retained, router } = this.#room;
    const receiver = new ListenerReceiver(listener, () => clock.monotonic());
    for (const message of retained.match(parsed.filter)) {
      if (message === undefined) continue;
      receiver.take(message, { qos: message.qos < qos ? message.qos : qos, retain: true, identifiers: [] });
    }
    router.subscribe(receiver, {
      filter: parsed.filter,
      granted: { qos, noLocal: false, retainAsPublished: false },
    });
    return { [Symbol.dispose]: () => router.leave(receiver) };
  }

  send(client: MqttClient, message: MqttMessage): boolean {
    const topic = parseTopicName(message.topic);
    if (!topic.ok) throw invalid("topic", topic);
    const session = this.#room.sessions.sessionOf(client);
    if (session === undefined) return false;
    const own = ofMqttMessage(message, topic.topic, this.#room.clock.monotonic());
    session.take(own, { qos: own.qos, retain: own.retain, identifiers: [] });
    return true;
  }

  sessions(): readonly MqttSessionView[] {
    const { sessions } = this.#room;
    return [...sessions.all()].map((session) => sessionView(session, sessions.connectionOf(session)));
  }

  metrics(): BrokerMetrics {
    return metricsOf(this.#room);
  }

  disconnect(
    who: { readonly username: string } | { readonly clientId: string },
    options: { readonly reason: "administrative" | "not-authorized"; readonly forget?: boolean },
  ): number {
    const { sessions } = this.#room;
    const [reason, reasonCode] =
      options.reason === "administrative"
        ? ["disconnected by an administrator", ReasonCode.administrativeAction]
        : ["not authorized any more", ReasonCode.notAuthorized];
    let closed = 0;
    for (const session of [...sessions.all()]) {
      const meant = "username" in who ? session.username === who.username : session.clientId === who.clientId;
      if (meant && sessions.remove(session, reason, { reasonCode, forget: options.forget ?? false }))
        closed++;
    }
    return closed;
  }

  askAgain(): void {
    const { unacknowledged } = this.#room;
    for (const connection of [...unacknowledged])
      connection.close("asked to send again what was not acknowledged");
    unacknowledged.clear();
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#timer[Symbol.dispose]();
    const { clock, sessions, store } = this.#room;
    sessions.closeAll("the gateway stops");
    await store.kept();
    const connections = sessions.connections;
    if (connections.size === 0) return;
    // A stream that is destroyed with something unread in it is reset, and the client loses what it was just sent.
    await Promise.race([sessions.emptied(), clock.sleep(FAREWELL_MS)]);
    for (const connection of [...connections]) connection.cut();
  }
}

function invalid(what: "topic" | "filter", { problem }: TopicProblem): RangeError {
  return new RangeError(`${what}: ${problem}`);
}
