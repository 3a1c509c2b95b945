import { randomBytes } from "node:crypto";
import type { MqttClient, Unit } from "@tram/core";
import { ReasonCode } from "../codec/reason-code.ts";
import type { Connection } from "../connection/connection.ts";
import type { KeptDelivery } from "../session/delivery.ts";
import { InboundFlow } from "../session/inbound-flow.ts";
import { OutboundFlow, type QueueMeter } from "../session/outbound-flow.ts";
import { type PendingWill, Session } from "../session/session.ts";
import { Acceptance } from "./acceptance.ts";
import { expiryOf, Message } from "./message.ts";
import type { Room } from "./room.ts";
import type { Parcel } from "./router.ts";
import type { LeftSession } from "./session-store.ts";

interface Opening {
  readonly cleanStart: boolean;
  readonly expirySeconds: number;
  readonly will: PendingWill | undefined;
}

/** Opens, takes over and ends sessions, and looks after those whose clients are away. */
export class Sessions {
  /** Set by whoever furnishes the room. */
  room!: Room;
  readonly #meter: QueueMeter = { bytes: 0 };
  readonly #byKey = new Map<string, Session>();
  readonly #connections = new Set<Connection>();
  readonly #halfOpen = new Set<Connection>();
  readonly #connectionOf = new Map<
    Session,
    { readonly connection: Connection; readonly client: MqttClient }
  >();
  #lastNumber = 0;
  #closing = false;
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#byKey.size;
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  get queuedBytes(): number {
    return this.#meter.bytes;
  }

  all(): Iterable<Session> {
    return this.#byKey.values();
  }

  /** The connection that a session has now. */
  connectionOf(
    session: Session,
  ): { readonly connection: Connection; readonly client: MqttClient } | undefined {
    return this.#connectionOf.get(session);
  }

  /** The session that a connected client has. */
  sessionOf(client: MqttClient): Session | undefined {
    const session = this.#byKey.get(keyOf(client.username, client.id));
    return session !== undefined && this.#connectionOf.get(session)?.client === client ? session : undefined;
  }

  /** A connection has begun. Where too many have not logged in, the one that has waited longest makes room. */
  came(connection: Connection): void {
    this.#connections.add(connection);
    this.#halfOpen.add(connection);
    if (this.#halfOpen.size <= this.room.limits.halfOpen) return;
    const [oldest] = this.#halfOpen;
    oldest?.destroy("too many connections without a login");
  }

  /** Its stream is closed. */
  gone(connection: Connection): void {
    this.#connections.delete(connection);
    this.#halfOpen.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /** Resolves when no connection is left. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** 5.0 §3.1.3.1: unique, and told to the client. */
  newClientId(): string {
    return `auto-${randomBytes(9).toString("base64url")}`;
  }

  /**
   * Opens the session of a client, or takes it up again: 3.1.1 §3.1.2.4, 5.0 §3.1.2.4. Whoever holds it is disconnected
   * ([MQTT-3.1.4-3]; of 3.1.1 -2). Sessions belong to accounts: an id that another account uses is another session.
   * @returns undefined when there are too many.
   */
  open(
    client: MqttClient,
    opening: Opening,
  ): { readonly session: Session; readonly present: boolean } | undefined {
    const key = keyOf(client.username, client.id);
    this.#takeOver(key, opening.cleanStart);
    let session = this.#byKey.get(key);
    // Whoever is back after our own failure was never lost.
    if (session?.interrupted === true) session.willDue = undefined;
    // [MQTT-3.1.2-4]; of 3.1.1 -6. One that has no life of its own is only here for its will.
    if (session !== undefined && (opening.cleanStart || !session.durable)) {
      this.#end(session);
      session = undefined;
    }
    const present = session !== undefined;
    if (session === undefined) {
      if (this.#byKey.size >= this.room.limits.sessions) return undefined;
      session = this.#create({
        clientId: client.id,
        username: client.username,
        expirySeconds: opening.expirySeconds,
      });
      this.#byKey.set(key, session);
    } else this.#resume(session, opening.expirySeconds);
    session.will = opening.will;
    session.interrupted = false;
    if (session.durable || session.will !== undefined) {
      this.room.store.save(session, { power: !session.saved && session.durable });
      session.saved = true;
    }
    return { session, present };
  }

  /** The session is a connection's from now on. */
  attach(connection: Connection, session: Session, client: MqttClient): void {
    this.#halfOpen.delete(connection);
    this.#connectionOf.set(session, { connection, client });
  }

  /** 5.0 §3.14.2.2.2: the client changes its mind when it leaves. In seconds. */
  setExpiry(session: Session, seconds: number): void {
    session.expirySeconds = Math.min(seconds, this.room.limits.sessionExpirySeconds);
  }

  /** A connection has ended; its session goes on alone, or ends too. */
  left(connection: Connection, reason: string, will: boolean): void {
    this.#halfOpen.delete(connection);
    const { agreement } = connection;
    if (agreement === undefined) return;
    const { client, session } = agreement;
    if (this.#connectionOf.get(session)?.connection !== connection) return;
    this.#connectionOf.delete(session);
    session.link = undefined;
    session.outbound.disconnected();
    session.lastClient = client;
    session.lastDisconnect = { at: this.room.clock.now(), reason };
    if (!will) session.will = undefined;
    this.room.hooks.disconnected(client, reason);
    this.#leaveAlone(session);
  }

  /** Wills that are due, sessions that have expired, connections that are late. Once a second. */
  sweep(): void {
    const { clock, retained, transactions } = this.room;
    const now = clock.monotonic();
    for (const connection of this.#connections) connection.sweep(now);
    for (const session of this.#byKey.values()) {
      if (session.willDue !== undefined && session.willDue <= now) this.#publishWill(session);
      if (session.endsAt !== undefined && session.endsAt <= now) this.#end(session);
    }
    if (retained.hasExpired(now)) {
      const expire = (unit: Unit): void => retained.expire(now, unit);
      transactions.transact(expire).catch(() => undefined); // Tried again when more expires; it is not given out.
    }
  }

  /** Takes up what an earlier process left. */
  restore(left: Iterable<LeftSession>): void {
    const { clock, limits, router } = this.room;
    const now = clock.monotonic();
    for (const each of left) {
      const session = this.#create(each);
      for (const subscription of each.subscriptions) {
        session.subscriptions.set(textOf(subscription), subscription);
        router.subscribe(session, subscription);
      }
      session.saved = true;
      session.will = each.will;
      session.endsAt = each.endsAt ?? now + each.expirySeconds * 1_000;
      if (each.will !== undefined) {
        session.interrupted = true;
        // 5.0 §3.1.2.5: after a failure wills may wait; a client that comes back at once was not lost, the gateway was.
        const due = each.willDue ?? now + Math.min(each.will.delayMs, each.expirySeconds * 1_000);
        session.willDue = Math.max(due, now + limits.restartGraceMs);
        session.endsAt = Math.max(session.endsAt, session.willDue);
      }
      this.#byKey.set(keyOf(session.username, session.clientId), session);
    }
  }

  /** Ends a session, whoever holds it. @returns whether there was a connection. */
  remove(
    session: Session,
    reason: string,
    options: { readonly reasonCode: number; readonly forget: boolean },
  ): boolean {
    const held = this.#connectionOf.get(session);
    held?.connection.close(reason, { reasonCode: options.reasonCode });
    if (options.forget && this.#byKey.get(keyOf(session.username, session.clientId)) === session)
      this.#end(session);
    return held !== undefined;
  }

  /** Everybody is disconnected; what is to outlive the process stays in the store. */
  closeAll(reason: string): void {
    this.#closing = true;
    for (const connection of [...this.#connections]) {
      connection.close(reason, { reasonCode: ReasonCode.serverShuttingDown });
    }
  }

  #takeOver(key: string, cleanStart: boolean): void {
    const held = this.#byKey.get(key);
    const connected = held && this.#connectionOf.get(held);
    if (held === undefined) return;
    connected?.connection.close("taken over by another connection", {
      reasonCode: ReasonCode.sessionTakenOver,
    });
    // 5.0 §3.1.3.2.2: a will that was to wait is not sent when the client is back in time and takes up its session.
    if (!cleanStart) held.willDue = undefined;
  }

  #resume(session: Session, expirySeconds: number): void {
    const wasDurable = session.durable;
    session.expirySeconds = expirySeconds;
    session.endsAt = undefined;
    session.willDue = undefined;
    if (wasDurable && !session.durable) {
      this.room.store.forget(session);
      session.saved = false;
    }
  }

  #create(parts: {
    clientId: string;
    username: string;
    expirySeconds: number;
    number?: number;
    queue?: readonly KeptDelivery<Parcel>[];
    sent?: ReadonlySet<number> | "unknown";
    received?: readonly number[];
  }): Session {
    const { limits, store } = this.room;
    const { queue = [], received = [], sent = "unknown", ...rest } = parts;
    const number = parts.number ?? ++this.#lastNumber;
    this.#lastNumber = Math.max(this.#lastNumber, number);
    const session: Session = new Session({
      ...rest,
      number,
      inbound: new InboundFlow(received),
      outbound: new OutboundFlow<Parcel>({
        limits: limits.queue,
        left: queue,
        sent,
        meter: this.#meter,
        onChange: (delivery) => {
          if (session.durable && session.saved) store.update(session, delivery);
        },
      }),
      budget: this,
    });
    return session;
  }

  /** Makes room in all queues together: who has most queued loses its oldest. */
  reserve(bytes: number): boolean {
    const { queuedBytes } = this.room.limits;
    while (this.#meter.bytes + bytes > queuedBytes) {
      let largest: Session | undefined;
      for (const session of this.#byKey.values()) {
        if (session.outbound.bytes > (largest?.outbound.bytes ?? 0)) largest = session;
      }
      // A twentieth at a time: looking for the largest at each message would cost more than the room is worth.
      const enough = this.#meter.bytes - queuedBytes / 20;
      let dropped = false;
      while (this.#meter.bytes > enough && largest?.outbound.dropOldest() === true) dropped = true;
      if (!dropped) return false;
    }
    return true;
  }

  #leaveAlone(session: Session): void {
    const now = this.room.clock.monotonic();
    if (session.will !== undefined && !this.#closing) {
      const delayMs = Math.min(session.will.delayMs, session.expirySeconds * 1_000);
      if (delayMs === 0) this.#publishWill(session);
      else session.willDue = now + delayMs;
    }
    // At a stop nobody is lost but the gateway: the wills wait in the store for the next start.
    if (!session.durable && !(this.#closing && session.will !== undefined)) {
      this.#end(session);
      return;
    }
    session.endsAt = now + session.expirySeconds * 1_000;
    this.room.store.save(session);
  }

  #publishWill(session: Session): void {
    const { will } = session;
    session.will = undefined;
    session.willDue = undefined;
    if (will === undefined) return;
    const { clock, hooks } = this.room;
    const client = session.lastClient ?? clientOf(session);
    const { message } = will;
    const { payload, properties, qos, retain, topic } = message;
    if (hooks.mayPublish(client, topic)) {
      const expiresAt = expiryOf(will.expirySeconds, clock.monotonic());
      const published = new Message({
        topic,
        payload,
        qos,
        retain,
        properties,
        expiresAt,
        publisher: session,
      });
      const acceptance = new Acceptance(this.room, published);
      acceptance.ask(client, undefined, (outcome) => void acceptance.deliver(outcome));
    }
    if (session.saved) this.room.store.save(session);
  }

  #end(session: Session): void {
    // [MQTT-3.1.2-8], 5.0 §3.1.3.2.2: the will waits no longer than the session lives.
    if (session.willDue !== undefined) this.#publishWill(session);
    if (session.saved) this.room.store.forget(session);
    session.saved = false;
    this.#byKey.delete(keyOf(session.username, session.clientId));
    this.room.router.leave(session);
    this.room.totals.dropped += session.dropped;
    session.ended = true;
    session.outbound.clear();
    session.backlog.length = 0;
  }
}

/** Accounts have no line feeds. */
function keyOf(username: string, clientId: string): string {
  return `${username}\n${clientId}`;
}

function textOf({ filter, shareName }: { filter: string; shareName: string | undefined }): string {
  return shareName === undefined ? filter : `$share/${shareName}/${filter}`;
}

/** Of a session that an earlier process left: nothing else is known of its connection. */
function clientOf({ clientId, username }: Session): MqttClient {
  return { id: clientId, username, address: "", listener: "", protocol: "5.0", connectedAt: 0 };
}
