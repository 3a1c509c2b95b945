import type { Duplex, Readable } from "node:stream";
import { matches, parseTopicFilter, parseTopicName, type TopicFilter, type TopicName } from "@tram/broker";
import {
  type Broker,
  type BrokerHooks,
  type Clock,
  type Log,
  type MqttClient,
  type MqttMessage,
  type MqttSessionView,
  type Qos,
  StoreError,
  type Unit,
} from "@tram/core";
import {
  Aedes,
  type AedesPublishPacket,
  type AuthenticateError,
  type Client,
  type PublishPacket,
} from "aedes";
import mqttPacket from "mqtt-packet";
import type { Attach, Origin } from "./listeners/listener.ts";
import type { Retained } from "./retained.ts";

// The engine's writer keeps a buffer for each of the 65,536 numbers that two bytes can hold: 7 MB of objects, and no
// measurable time.
mqttPacket.writeToStream.cacheNumbers = false;

/** Where a message goes that is acknowledged and reaches nobody: `$` topics match no wildcard of a client. */
const NOWHERE = "$nowhere";

/** How long clients have at the stop to take what was sent to them. In milliseconds. */
const FAREWELL_MS = 300;

/** Half-open connections are closed after this. In milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

export interface AedesOptions {
  /** Keeps the retained messages of clients; the engine has no store. */
  readonly retained: Retained;
  /** Those of an earlier life. */
  readonly remembered: readonly MqttMessage[];
}

/**
 * The first engine: aedes, with what it lacks put in front of it. It acknowledges QoS 1 before it persists, so the
 * gateway keeps the message in `authorizePublish`, which runs earlier; it retains in memory, so the gateway keeps
 * retained messages and hands them back at the start.
 */
export async function openAedesBroker(
  options: AedesOptions,
  hooks: BrokerHooks,
  parts: { clock: Clock; log: Log },
): Promise<Broker & { readonly attach: Attach }> {
  const origins = new WeakMap<Duplex, Origin>();
  const clients = new Map<Client, MqttClient>();
  const usernames = new WeakMap<Client, string>();
  /** Ids as the clients gave them. */
  const ids = new WeakMap<Client, string>();
  /** Clients that wait for an acknowledgement which they do not get. */
  const unacknowledged = new Set<Client>();
  const traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
  let refused = 0;
  let closing = false;

  const aedes = await Aedes.createBroker({
    connectTimeout: CONNECT_TIMEOUT_MS,
    queueLimit: 1_000,
    maxTopicLevels: 32,
    authenticate: (client, username, password, done) => {
      const certificate = origins.get(client.conn as Duplex)?.certificate;
      hooks.authenticate({ clientId: client.id, username, password, certificate, ...originOf(client) }).then(
        (admission) => {
          if ("refused" in admission) {
            refused++;
            done(refusal(), false);
            return;
          }
          usernames.set(client, admission.account);
          ids.set(client, client.id);
          // The engine gives a session to whoever names it. An account's client ids are its own: nobody takes over the
          // connection, or what waits in the session, of another.
          client.id = `${admission.account}\n${client.id}`;
          done(null, true);
        },
        () => done(refusal(), false),
      );
    },
    authorizeSubscribe: (client, subscription, done) => {
      const allowed = hooks.maySubscribe(describe(client), subscription.topic);
      // 3.1.1 §3.9.3: a refused filter is answered with 0x80, which aedes sends for `null`.
      done(null, allowed ? subscription : null);
    },
    authorizePublish: (client, packet, done) => {
      if (client === null) {
        done(null);
        return;
      }
      if (closing) {
        // The engine publishes the will of everybody whom the stop disconnects: but they are not lost, the gateway is.
        done(new Error("the gateway stops"));
        return;
      }
      accept(client, packet, done);
    },
    // A subscriber that does not read must not hold up the others: while its socket needs draining, it misses QoS 0.
    authorizeForward: (client, packet) => {
      if (packet.qos === 0 && needsDrain(client)) return null;
      const granted = grantedOf(client, packet);
      if (granted === packet.qos) return packet as AedesPublishPacket;
      return { ...(packet as AedesPublishPacket), qos: granted };
    },
  });

  function accept(from: Client, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const client = describe(from);
    if (!hooks.mayPublish(client, packet.topic)) {
      // 3.1.1 §3.3.5: refusing a PUBLISH means closing the connection; an acknowledgement would be a lie.
      done(new Error(`not allowed to publish to ${packet.topic.slice(0, 200)}`));
      return;
    }
    const message = messageOf(packet);
    traffic.messagesIn++;
    traffic.bytesIn += message.payload.length;
    let room = true;
    const keep = (unit: Unit): void => {
      if (message.retain) room = options.retained.keep(message, unit);
    };
    const taken = async (): Promise<boolean> => {
      const accepted = hooks.accept(client, message, keep);
      if (!room) {
        await Promise.resolve(accepted).catch(() => undefined); // Refused in any case.
        throw new Error(`no room for another retained message (${message.topic.slice(0, 200)})`);
      }
      return accepted;
    };
    const settle = (route: boolean): void => {
      if (!route) {
        packet.topic = NOWHERE;
        packet.retain = false;
      }
      done(null);
    };
    taken().then(settle, (error: unknown) => {
      if (packet.qos !== 0 && !(error instanceof StoreError)) {
        done(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      if (packet.qos !== 0) unacknowledged.add(from);
      // The engine acknowledges by the QoS. 3.1.1 knows no refusal but to close the connection, and a device that was
      // cut off at each message could not be controlled any more.
      packet.qos = 0;
      settle(true);
    });
  }

  function originOf(client: Client): { address: string; listener: string } {
    const { address = "", listener = "" } = origins.get(client.conn as Duplex) ?? {};
    return { address, listener };
  }

  function describe(client: Client): MqttClient {
    return (
      clients.get(client) ?? {
        id: ids.get(client) ?? client.id ?? "",
        username: usernames.get(client) ?? "",
        ...originOf(client),
        protocol: "3.1.1",
        connectedAt: parts.clock.now(),
      }
    );
  }

  aedes.on("client", (client) => {
    const described = describe(client);
    clients.set(client, described);
    hooks.connected(described);
  });
  aedes.on("clientDisconnect", (client) => {
    const described = describe(client);
    clients.delete(client);
    unacknowledged.delete(client);
    hooks.disconnected(described, "closed");
  });
  aedes.on("clientError", (client, error) => {
    parts.log.warn(
      { client: ids.get(client), username: usernames.get(client), reason: error.message },
      "client error",
    );
  });
  aedes.on("connectionError", (client, error) => {
    parts.log.warn({ address: originOf(client).address, reason: error.message }, "connection refused");
  });

  const publish = async (message: MqttMessage): Promise<void> => {
    const topic = parseTopicName(message.topic);
    if (!topic.ok) throw new RangeError(`topic: ${topic.problem}`);
    await new Promise<void>((resolve, reject) => {
      aedes.publish(packetOf(message), (error) => (error ? reject(error) : resolve()));
    });
  };
  // Nobody is connected yet: publishing only fills the engine's memory.
  for (const message of options.remembered) await publish(message);

  const streams = new Set<Duplex>();

  return {
    attach: (stream, origin) => {
      origins.set(stream, origin);
      streams.add(stream);
      stream.once("close", () => streams.delete(stream));
      aedes.handle(stream);
    },
    publish,
    subscribe: (filter, { qos }, listener) => {
      const parsed = parseTopicFilter(filter);
      if (!parsed.ok) throw new RangeError(`filter: ${parsed.problem}`);
      const tell = (message: MqttMessage): void =>
        listener({ ...message, qos: Math.min(message.qos, qos) as Qos });
      // The engine gives what is retained to clients alone; what comes meanwhile waits until that is told.
      let waiting: MqttMessage[] | undefined = [];
      let over = false;
      const deliver: Parameters<typeof aedes.subscribe>[1] = (packet, done) => {
        const message = messageOf(packet as PublishPacket);
        if (waiting === undefined) tell(message);
        else waiting.push(message);
        done();
      };
      aedes.subscribe(filter, deliver, () => undefined);
      const retained = retainedOf(aedes, filter);
      retained.on("data", (packet: PublishPacket) => {
        if (!over) tell(messageOf(packet));
      });
      retained.on("end", () => {
        for (const message of waiting ?? []) if (!over) tell(message);
        waiting = undefined;
      });
      return {
        [Symbol.dispose]: () => {
          over = true;
          aedes.unsubscribe(filter, deliver, () => undefined);
        },
      };
    },
    send: (to, message) => {
      for (const [client, described] of clients) {
        if (described !== to) continue;
        client.publish(packetOf(message), () => undefined);
        return true;
      }
      return false;
    },
    sessions: () => [...clients].map(([client, described]) => sessionOf(client, described)),
    metrics: () => ({
      ...traffic,
      sessions: clients.size,
      connections: clients.size,
      subscriptions: [...clients.keys()].reduce((sum, client) => sum + filtersOf(client).length, 0),
      retained: options.retained.size,
      retainedBytes: 0,
      queuedMessages: 0,
      queuedBytes: 0,
      dropped: 0,
      refused,
    }),
    disconnect: (who) => {
      let closed = 0;
      for (const [client, { id, username }] of clients) {
        if ("username" in who ? username !== who.username : id !== who.clientId) continue;
        client.close();
        closed++;
      }
      return closed;
    },
    askAgain: () => {
      for (const client of unacknowledged) client.close();
      unacknowledged.clear();
    },
    close: async () => {
      closing = true;
      // A stream that is destroyed with something unread in it is reset, and the client loses what it was just sent.
      for (const stream of streams) stream.end();
      const farewell = new AbortController();
      const gone = [...streams].map((stream) => new Promise((resolve) => stream.once("close", resolve)));
      const patience = parts.clock.sleep(FAREWELL_MS, farewell.signal).catch(() => undefined);
      await Promise.race([Promise.all(gone), patience]);
      farewell.abort();
      for (const stream of streams) stream.destroy();
      await closeAedes(aedes);
    },
  };
}

function closeAedes(aedes: Aedes): Promise<void> {
  return new Promise((resolve) => aedes.close(() => resolve()));
}

function refusal(): AuthenticateError {
  // 3.1.1 §3.2.2.3, return code 5: the client is not authorized to connect.
  return Object.assign(new Error("bad user name or password"), {
    returnCode: 5 as const,
  }) as AuthenticateError;
}

/** What the engine tells of a client; it counts nothing for each. */
function sessionOf(client: Client, described: MqttClient): MqttSessionView {
  return {
    id: described.id,
    username: described.username,
    connection: described,
    traffic: { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 },
    expirySeconds: client.clean ? 0 : Number.POSITIVE_INFINITY,
    keepAliveSeconds: 0,
    subscriptions: filtersOf(client),
    queuedMessages: 0,
    queuedBytes: 0,
    dropped: 0,
    will: undefined,
    slow: needsDrain(client),
    lastDisconnect: undefined,
  };
}

/** The engine's retained messages, which its types do not show. */
function retainedOf(aedes: Aedes, filter: string): Readable {
  const { persistence } = aedes as Aedes & {
    readonly persistence: { createRetainedStream(pattern: string): Readable };
  };
  return persistence.createRetainedStream(filter);
}

/** The engine's subscriptions, which its types do not show. */
function filtersOf(client: Client): { filter: string; qos: Qos }[] {
  const { subscriptions = {} } = client as Client & { subscriptions?: Record<string, { qos: Qos }> };
  return Object.entries(subscriptions).map(([filter, { qos }]) => ({ filter, qos }));
}

/** The QoS of a message for a client: the engine looks subscriptions up by the topic, so that wildcards would not count. */
function grantedOf(client: Client, { qos, topic }: { readonly qos: number; readonly topic: string }): Qos {
  if (qos < 2) return qos as Qos;
  const granted = filtersOf(client)
    .filter(({ filter }) => matches(filter as TopicFilter, topic as TopicName))
    .map((subscription) => subscription.qos);
  return granted.length === 0 ? 2 : (Math.max(...granted) as Qos);
}

function needsDrain(client: Client): boolean {
  return (client.conn as Duplex).writableNeedDrain;
}

function messageOf(packet: PublishPacket): MqttMessage {
  const { topic, payload, qos, retain } = packet;
  return {
    topic,
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
    qos: qos as Qos,
    retain,
  };
}

function packetOf(message: MqttMessage): PublishPacket {
  const { topic, payload, qos, retain } = message;
  return { cmd: "publish", topic, payload: Buffer.from(payload), qos, retain, dup: false };
}
