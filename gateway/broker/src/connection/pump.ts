import type { Parcel } from "../engine/router.ts";
import { oneCopy } from "../session/one-copy.ts";
import type { Session } from "../session/session.ts";
import type { Connection } from "./connection.ts";

/** Retained messages of one session that are being kept at a time. */
const ARRIVING_AT_ONCE = 32;

/** Sends what waits for the client, as much as it takes: first what is queued, then retained messages. */
export function pump(connection: Connection, session: Session): void {
  const { outbound } = session;
  const { clock } = connection.room;
  while (!connection.blocked) {
    const packet = outbound.waiting ? outbound.next(clock.monotonic()) : undefined;
    if (packet === undefined) {
      if (session.backlog.length === 0 || session.scanning || !takeRetained(connection, session)) return;
      continue;
    }
    if (packet.send === "pubrel") connection.acknowledge("pubrel", packet.id);
    else {
      const { message, copy } = packet.delivery.message;
      if (!connection.publish(message, copy, packet.id, packet.dup)) outbound.skip(packet.id);
    }
  }
}

/** The others have their turn first: filters that find nothing cost time too. */
function goOnLater(session: Session): false {
  session.scanning = true;
  setImmediate(() => {
    session.scanning = false;
    session.link?.pump();
  });
  return false;
}

/** @returns false when the next one must wait for its turn. */
function takeRetained(connection: Connection, session: Session): boolean {
  const [backlog] = session.backlog;
  if (backlog === undefined) return false;
  if (backlog.granted.qos > 0 && (!session.outbound.open || session.arriving >= ARRIVING_AT_ONCE))
    return false;
  const step = backlog.messages.next();
  if (step.done === true) {
    session.backlog.shift();
    return true;
  }
  const message = step.value;
  if (message === undefined) return goOnLater(session);
  const copy = oneCopy([backlog.granted], message, false);
  if (copy === undefined) return true;
  // [MQTT-3.3.1-8], [MQTT-3.3.1-10]: it is sent because of the subscription, so the flag is set.
  const retained = { ...copy, retain: true };
  if (copy.qos === 0) connection.publish(message, retained, 0, false);
  else if (!session.durable) session.take(message, retained);
  else keepRetained(connection, session, { message, copy: retained });
  return true;
}

/** Its identifier must be known after a crash: the client would take another message with it for the same one. */
function keepRetained(connection: Connection, session: Session, parcel: Parcel): void {
  const delivery = session.prepare(parcel);
  if (delivery === undefined) return;
  session.arriving++;
  // Where the store fails it is sent all the same: nothing was promised for it.
  void connection.room.store.keep(session, delivery).then(() => {
    session.arriving--;
    session.admit(delivery);
  });
}
