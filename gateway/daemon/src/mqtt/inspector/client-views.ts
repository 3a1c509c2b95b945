import type { Broker, Clock, MqttSessionView } from "@tram/core";
import type { ClientView, EpochMs, Ms } from "@tram/protocol";

/** A rate over less than this says nothing. */
const LEAST_MS: Ms = 2_000;
/** Samples of sessions that are gone are forgotten when there are so many. */
const MOST_SAMPLES = 20_000;

interface Sample {
  readonly at: Ms;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly rates: ClientView["rates"];
}

/** The sessions of the broker as people see them, with rates between one look and the next. */
export class ClientViews {
  readonly #broker: () => Pick<Broker, "sessions">;
  readonly #clock: Pick<Clock, "monotonic" | "now">;
  readonly #samples = new Map<string, Sample>();

  constructor(broker: () => Pick<Broker, "sessions">, clock: Pick<Clock, "monotonic" | "now">) {
    this.#broker = broker;
    this.#clock = clock;
  }

  /** Those that are connected first, then by their id. */
  all(): readonly ClientView[] {
    const views = this.#broker()
      .sessions()
      .map((session) => this.#view(session));
    return views.sort((a, b) => Number(b.connected) - Number(a.connected) || (a.id < b.id ? -1 : 1));
  }

  /** All sessions with a client id: accounts have ids of their own. */
  of(id: string): readonly ClientView[] {
    return this.all().filter((client) => client.id === id);
  }

  #view(session: MqttSessionView): ClientView {
    const { connection, expirySeconds, lastDisconnect, will, ...rest } = session;
    return {
      ...rest,
      connected: connection !== undefined,
      ...(connection !== undefined && {
        address: connection.address,
        listener: connection.listener,
        protocol: connection.protocol,
        connectedAt: iso(connection.connectedAt),
      }),
      // JSON has no Infinity; 5.0 §3.1.2.11.2 writes the largest number for it.
      expirySeconds: Number.isFinite(expirySeconds) ? expirySeconds : 0xffff_ffff,
      subscriptions: [...session.subscriptions],
      rates: this.#rates(session),
      ...(will !== undefined && { will }),
      ...(lastDisconnect !== undefined && {
        lastDisconnect: { at: iso(lastDisconnect.at), reason: lastDisconnect.reason },
      }),
    };
  }

  #rates({ connection, id, traffic, username }: MqttSessionView): ClientView["rates"] {
    const key = `${username}\n${id}`;
    const at = this.#clock.monotonic();
    const { messagesIn, messagesOut } = traffic;
    const earlier = this.#samples.get(key);
    // A session that began anew counts from nothing.
    const usable =
      earlier !== undefined && earlier.messagesIn <= messagesIn && earlier.messagesOut <= messagesOut;
    if (usable && at - earlier.at < LEAST_MS) return earlier.rates;
    const since = connection === undefined ? 0 : this.#clock.now() - connection.connectedAt;
    const seconds = Math.max(LEAST_MS, usable ? at - earlier.at : since) / 1_000;
    const rates = {
      messagesIn: perSecond(messagesIn - (usable ? earlier.messagesIn : 0), seconds),
      messagesOut: perSecond(messagesOut - (usable ? earlier.messagesOut : 0), seconds),
    };
    if (this.#samples.size >= MOST_SAMPLES) this.#samples.clear();
    this.#samples.set(key, { at, messagesIn, messagesOut, rates });
    return rates;
  }
}

function perSecond(count: number, seconds: number): number {
  return Math.round((count / seconds) * 100) / 100;
}

function iso(time: EpochMs): string {
  return new Date(time).toISOString();
}
