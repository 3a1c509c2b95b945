import type { DisconnectPacket, Packet } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason-code.ts";
import type { Agreement, Connection, Phase } from "./connection.ts";
import { subscribe, unsubscribe } from "./subscribing.ts";

/** The phase of a client that is in. */
export const working: Phase = {
  handle(packet: Packet, connection: Connection): void {
    const { agreement } = connection;
    if (agreement === undefined) return;
    const { outbound } = agreement.session;
    switch (packet.type) {
      case "publish":
        agreement.intake.take(packet);
        return;
      case "puback":
        outbound.acknowledge("puback", packet.packetId);
        connection.pump();
        return;
      case "pubrec":
        received(packet.packetId, packet.reasonCode, connection, agreement);
        return;
      case "pubrel":
        release(packet.packetId, connection, agreement);
        return;
      case "pubcomp":
        outbound.complete(packet.packetId);
        connection.pump();
        return;
      case "subscribe":
        subscribe(packet, connection, agreement);
        return;
      case "unsubscribe":
        unsubscribe(packet, connection, agreement);
        return;
      case "pingreq":
        connection.ping();
        return;
      case "disconnect":
        disconnect(packet, connection, agreement);
        return;
      default:
        // [MQTT-3.1.0-2] CONNECT twice; AUTH without a method (5.0 §4.12, [MQTT-4.12.0-6]); what only servers send.
        connection.close(`${packet.type.toUpperCase()} is not expected here`, {
          reasonCode: ReasonCode.protocolError,
        });
    }
  },
};

/** PUBREC: from now on PUBREL is what is sent, which a restart must know first. */
function received(id: number, reasonCode: number, connection: Connection, { session }: Agreement): void {
  const { outbound } = session;
  if (reasonCode >= 0x80) {
    outbound.acknowledge("refusing pubrec", id);
    connection.pump();
    return;
  }
  if (!outbound.received(id)) {
    // 5.0 §4.3.3, table 3-6: the client holds an identifier that nobody else does.
    connection.acknowledge("pubrel", id, ReasonCode.packetIdentifierNotFound);
    return;
  }
  once(session.durable, connection, () => connection.acknowledge("pubrel", id));
}

/** PUBREL: the identifier is free, which a restart must know before the client uses it again. */
function release(id: number, connection: Connection, { session }: Agreement): void {
  const known = session.inbound.release(id);
  const { store } = connection.room;
  if (known && session.durable) store.release(session, id);
  const code = known ? ReasonCode.success : ReasonCode.packetIdentifierNotFound;
  // Also when it is not known any more: PUBREL may have come twice, and the first one is just being kept.
  once(session.durable, connection, () => connection.acknowledge("pubcomp", id, code));
}

/** Answers once what was written is kept. What is not kept is not answered: the client asks again when it comes back. */
function once(keep: boolean, connection: Connection, answer: () => void): void {
  const { store, unacknowledged } = connection.room;
  if (!keep) {
    answer();
    return;
  }
  void store.kept().then((kept) => {
    if (kept) answer();
    else if (!connection.closed) unacknowledged.add(connection);
  });
}

function disconnect(
  { properties, reasonCode }: DisconnectPacket,
  connection: Connection,
  agreement: Agreement,
): void {
  const { sessionExpirySeconds } = properties;
  if (sessionExpirySeconds !== undefined) {
    // 5.0 §3.14.2.2.2
    if (agreement.askedExpirySeconds === 0 && sessionExpirySeconds !== 0) {
      connection.close("a session that ends cannot be prolonged", { reasonCode: ReasonCode.protocolError });
      return;
    }
    connection.room.sessions.setExpiry(agreement.session, sessionExpirySeconds);
  }
  // [MQTT-3.14.4-3]; 0x04 asks for the will all the same.
  connection.close("disconnected in order", { will: reasonCode !== ReasonCode.success });
}
