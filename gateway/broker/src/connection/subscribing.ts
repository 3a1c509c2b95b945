import type { Packet, SubscribePacket, Subscription, UnsubscribePacket } from "../codec/packet.ts";
import { NO_PROPERTIES } from "../codec/properties.ts";
import { ReasonCode } from "../codec/reason-code.ts";
import type { Session } from "../session/session.ts";
import { parseSubscriptionFilter } from "../topics/index.ts";
import type { Agreement, Connection } from "./connection.ts";

/** 3.1.1 §3.9.3. */
const FAILURE = 0x80;

/** SUBSCRIBE: 3.1.1 §3.8, 5.0 §3.8. SUBACK leaves when what a session must not lose is kept. */
export function subscribe(packet: SubscribePacket, connection: Connection, agreement: Agreement): void {
  const { packetId, properties, subscriptions } = packet;
  if (tooMany(subscriptions.length, connection)) return;
  const identifier = properties.subscriptionIdentifier;
  const reasonCodes = subscriptions.map((each) => subscribeOne(each, identifier, connection, agreement));
  const answer = (): void => {
    say({ type: "suback", packetId, reasonCodes, properties: NO_PROPERTIES }, connection);
    connection.pump();
  };
  whenKept(connection, agreement, answer);
}

export function unsubscribe(packet: UnsubscribePacket, connection: Connection, agreement: Agreement): void {
  const { filters, packetId } = packet;
  if (tooMany(filters.length, connection)) return;
  const reasonCodes = filters.map((text) => unsubscribeOne(text, connection, agreement));
  const codes = agreement.version === 5 ? reasonCodes : [];
  whenKept(connection, agreement, () =>
    say({ type: "unsuback", packetId, reasonCodes: codes, properties: NO_PROPERTIES }, connection),
  );
}

/** [MQTT-3.1.2-24]: an answer that the client does not take cannot be sent; without it the client would wait for ever. */
function say(answer: Packet, connection: Connection): void {
  if (connection.write(answer)) return;
  const reasonCode = ReasonCode.packetTooLarge;
  connection.close(`${answer.type} would be larger than the client takes`, { reasonCode });
}

/**
 * Where the store fails it is granted all the same: a device that cannot hear its commands would be of no use, and what
 * is owed to the store is written once that is well again.
 */
function whenKept(connection: Connection, { session }: Agreement, answer: () => void): void {
  if (!session.durable) answer();
  else void connection.room.store.kept().then(answer);
}

function subscribeOne(
  subscription: Subscription,
  identifier: number | undefined,
  connection: Connection,
  { client, session, version }: Agreement,
): number {
  const { hooks, limits, remarks, retained, router, store } = connection.room;
  const { filter: text, noLocal, qos, retainAsPublished, retainHandling } = subscription;
  const parsed = parseSubscriptionFilter(text, limits.topic);
  if (!parsed.ok) return refusal(version, ReasonCode.topicFilterInvalid);
  const { filter, shareName } = parsed;
  if (!hooks.maySubscribe(client, text)) {
    remarks.warn(
      `subscribe ${client.username} ${client.id}`,
      { client: client.id, username: client.username, filter: text.slice(0, 200) },
      "a client may not subscribe to that",
    );
    return refusal(version, ReasonCode.notAuthorized);
  }
  const existing = session.subscriptions.get(text);
  if (existing === undefined && session.subscriptions.size >= limits.subscriptions) {
    return refusal(version, ReasonCode.quotaExceeded);
  }
  const granted = { qos, noLocal, retainAsPublished, ...(identifier !== undefined && { identifier }) };
  session.subscriptions.set(text, { filter, shareName, granted });
  router.subscribe(session, { filter, shareName, granted });
  if (session.durable) store.subscribe(session, text, granted);
  // 5.0 §3.8.3.1, [MQTT-3.3.1-9] to -11; none for shared ones (§4.8.2). 3.1.1 [MQTT-3.3.1-6]: with each SUBSCRIBE.
  const wanted = retainHandling === 0 || (retainHandling === 1 && existing === undefined);
  if (wanted && shareName === undefined) {
    forgetBacklog(session, text);
    session.backlog.push({ text, messages: retained.match(filter), granted });
  }
  return qos;
}

function unsubscribeOne(text: string, connection: Connection, { session }: Agreement): number {
  const { router, store } = connection.room;
  const existing = session.subscriptions.get(text);
  if (existing === undefined) return ReasonCode.noSubscriptionExisted;
  session.subscriptions.delete(text);
  forgetBacklog(session, text);
  router.unsubscribe(session, existing.filter, existing.shareName);
  if (session.durable) store.unsubscribe(session, text);
  return ReasonCode.success;
}

/** [MQTT-3.10.4-2]; and a subscription that is made anew begins anew. */
function forgetBacklog({ backlog }: Session, text: string): void {
  const index = backlog.findIndex((each) => each.text === text);
  if (index >= 0) backlog.splice(index, 1);
}

function refusal(version: 4 | 5, code: number): number {
  return version === 5 ? code : FAILURE;
}

function tooMany(filters: number, connection: Connection): boolean {
  const { filtersPerPacket } = connection.room.limits;
  if (filters <= filtersPerPacket) return false;
  connection.close(`${filters} filters in one packet, ${filtersPerPacket} at most`, {
    reasonCode: ReasonCode.quotaExceeded,
  });
  return true;
}
