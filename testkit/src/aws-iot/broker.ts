import type { CloudClock } from "./cloud-clock.ts";
import type { Report } from "./incident.ts";
import type { AwsIotLimits } from "./limits.ts";
import { type Outgoing, Session, type SessionLine } from "./session.ts";
import { matches } from "./topic-filter.ts";

/** A device that is connected. */
export interface Link extends SessionLine {
  readonly clientId: string;
  /** Another one came with the same client id. */
  takeOver(): void;
  /** Whether its policies let it have a message of this topic. */
  mayReceive(topic: string): boolean;
}

/** A message that the broker hands on. */
export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

interface Kept {
  readonly session: Session;
  link: Link | undefined;
  /** Ends the session, while the device is away. */
  expiry: Disposable | undefined;
  /** Sends what was stored, while the device is there. */
  replay: Disposable | undefined;
}

interface BrokerParts {
  readonly limits: Pick<AwsIotLimits, "unacknowledged" | "sessionExpiryMs" | "storedPerS">;
  readonly clock: CloudClock;
  readonly report: Report;
}

/** Sessions, subscriptions and retained messages; what goes over a connection is the connection's business. */
export class Broker {
  readonly #parts: BrokerParts;
  readonly #kept = new Map<string, Kept>();
  readonly #retained = new Map<string, Message>();

  constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  /** Client ids that are connected. */
  get connected(): readonly string[] {
    return [...this.#kept.values()]
      .filter(({ link }) => link !== undefined)
      .map(({ session }) => session.clientId);
  }

  session(clientId: string): Session | undefined {
    return this.#kept.get(clientId)?.session;
  }

  /**
   * A device comes. Whoever was there with its client id is disconnected.
   * @returns its session, and whether it was there before (MQTT 3.1.1 §3.2.2.2).
   */
  attach(link: Link, clean: boolean): { readonly session: Session; readonly present: boolean } {
    const before = this.#kept.get(link.clientId);
    if (before?.link !== undefined) {
      this.#parts.report("taken-over", { clientId: link.clientId });
      const { link: loser } = before;
      this.#detach(before);
      loser.takeOver();
    }
    before?.expiry?.[Symbol.dispose]();
    const present = !clean && before?.session.persistent === true;
    const session =
      present && before !== undefined
        ? before.session
        : new Session(link.clientId, !clean, this.#parts.limits);
    this.#kept.set(link.clientId, { session, link, expiry: undefined, replay: undefined });
    return { session, present };
  }

  /** The device has its CONNACK, and may have messages. */
  ready(link: Link): void {
    const kept = this.#own(link);
    if (kept === undefined) return;
    kept.session.attach(link);
    kept.session.sendStored();
    const periodMs = 1_000 / this.#parts.limits.storedPerS;
    kept.replay = this.#parts.clock.every(periodMs, () => kept.session.sendStored());
  }

  /** A device is gone, or the broker believes that it is. */
  detach(link: Link): void {
    const kept = this.#own(link);
    if (kept === undefined) return;
    this.#detach(kept);
    const { session } = kept;
    if (!session.persistent) {
      this.#kept.delete(session.clientId);
      return;
    }
    kept.expiry = this.#parts.clock.after(this.#parts.limits.sessionExpiryMs, () => {
      this.#kept.delete(session.clientId);
      this.#parts.report("session-expired", { clientId: session.clientId });
    });
  }

  /** Gives a message to everybody who has subscribed to its topic. */
  publish(message: Message): void {
    if (message.retain) {
      if (message.payload.length === 0) this.#retained.delete(message.topic);
      else this.#retained.set(message.topic, message);
    }
    for (const { session, link } of [...this.#kept.values()]) {
      const qos = highest(session, message.topic);
      if (qos === undefined) continue;
      this.#hand(session, link, { ...message, qos: qos === 1 && message.qos === 1 ? 1 : 0, retain: false });
    }
  }

  /**
   * Gives a new subscriber what was retained: only for a filter that is exactly the topic ("AWS IoT differences from MQTT").
   */
  giveRetained(link: Link, filter: string, qos: 0 | 1): void {
    const kept = this.#own(link);
    const message = this.#retained.get(filter);
    if (kept === undefined || message === undefined) return;
    this.#hand(kept.session, link, { ...message, qos: qos === 1 && message.qos === 1 ? 1 : 0, retain: true });
  }

  /** Forgets every session, as if each had expired. */
  forget(): void {
    for (const { expiry, replay } of this.#kept.values()) {
      expiry?.[Symbol.dispose]();
      replay?.[Symbol.dispose]();
    }
    this.#kept.clear();
    this.#retained.clear();
  }

  #hand(session: Session, link: Link | undefined, message: Outgoing): void {
    const { clientId } = session;
    const { topic } = message;
    if (link !== undefined && !link.mayReceive(topic)) {
      this.#parts.report("receive-not-authorized", { clientId, topic });
      return;
    }
    if (!session.offer(message) && link !== undefined) {
      this.#parts.report("outbound-throttled", { clientId, topic });
    }
  }

  #detach(kept: Kept): void {
    kept.replay?.[Symbol.dispose]();
    kept.replay = undefined;
    kept.link = undefined;
    kept.session.detach();
  }

  #own(link: Link): Kept | undefined {
    const kept = this.#kept.get(link.clientId);
    return kept?.link === link ? kept : undefined;
  }
}

/** The best QoS that a session has asked for. Undefined: it has not asked. */
function highest(session: Session, topic: string): 0 | 1 | undefined {
  let best: 0 | 1 | undefined;
  for (const [filter, qos] of session.subscriptions) {
    if (best !== 1 && matches(filter, topic)) best = qos === 1 ? 1 : (best ?? 0);
  }
  return best;
}
