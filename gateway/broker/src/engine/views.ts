import type { BrokerMetrics, MqttClient, MqttSessionView } from "@tram/core";
import type { Connection } from "../connection/connection.ts";
import type { Session } from "../session/session.ts";
import type { Room } from "./room.ts";

export function sessionView(
  session: Session,
  held: { readonly connection: Connection; readonly client: MqttClient } | undefined,
): MqttSessionView {
  const { dropped, expirySeconds, lastDisconnect, outbound, subscriptions, traffic, will } = session;
  return {
    id: session.clientId,
    username: session.username,
    connection: held?.client,
    traffic: { ...traffic },
    expirySeconds,
    keepAliveSeconds: held?.connection.agreement?.keepAliveSeconds ?? 0,
    subscriptions: [...subscriptions].map(([filter, { granted }]) => ({ filter, qos: granted.qos })),
    queuedMessages: outbound.size,
    queuedBytes: outbound.bytes,
    dropped,
    will: will && { topic: will.message.topic, qos: will.message.qos, retain: will.message.retain },
    slow: held?.connection.blockedSince !== undefined,
    lastDisconnect,
  };
}

export function metricsOf({ retained, router, sessions, totals }: Room): BrokerMetrics {
  let dropped = totals.dropped + retained.dropped;
  let queuedMessages = 0;
  let connections = 0;
  for (const session of sessions.all()) {
    dropped += session.dropped;
    queuedMessages += session.outbound.size;
    if (session.link !== undefined) connections++;
  }
  return {
    ...totals,
    dropped,
    sessions: sessions.size,
    connections,
    subscriptions: router.subscriptions,
    retained: retained.size,
    retainedBytes: retained.bytes,
    queuedMessages,
    queuedBytes: sessions.queuedBytes,
  };
}
