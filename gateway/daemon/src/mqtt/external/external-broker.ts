import { matches, parseTopicFilter, parseTopicName, type TopicFilter, type TopicName } from "@tram/broker";
import {
  type Broker,
  type BrokerHooks,
  type BrokerMetrics,
  backoffMs,
  type Clock,
  type Log,
  type MqttClient,
  type MqttMessage,
  type Qos,
  StoreError,
} from "@tram/core";
import type { GatewayView, Ms } from "@tram/protocol";
import { Echoes } from "./echoes.ts";
import { type ExternalLink, isAboutVersion, openLink } from "./external-link.ts";
import { EXTERNAL, type ExternalSettings } from "./external-settings.ts";
import { covers } from "./filter-cover.ts";
import { ProcessListeners } from "./process-listeners.ts";
import { Publications } from "./publications.ts";
import { SeenRetained } from "./seen-retained.ts";

const RETRY = { firstMs: 1_000, longestMs: 60_000 } as const;
/** A link that held for so long was a good one: the next attempt follows at once. */
const GOOD_MS: Ms = 30_000;
const LOOK_MS: Ms = 1_000;
/** Devices are not heard: a link that is gone for so long is no hiccup. */
const SILENCE_MS: Ms = 30_000;
/** How long the broker has to answer SUBSCRIBE. */
const SUBSCRIBE_MS: Ms = 10_000;
/** How long the broker has at the stop to take what was published. */
const FAREWELL_MS: Ms = 500;

export interface ExternalParts {
  readonly clock: Clock;
  readonly log: Log;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Filters that the house hears. */
  readonly filters: readonly string[];
  /** What the broker publishes when the gateway vanishes. */
  readonly will: MqttMessage;
  /** Whether a message is the gateway's own, left on the broker by this life or an earlier one. */
  readonly isOwn: (message: MqttMessage) => boolean;
  /** Told once when there has been no link for a while. */
  readonly onSilence: () => void;
  /** Told when `problems` are others. */
  readonly onChange: () => void;
}

/** A broker of others, which the gateway is a client of. */
export interface ExternalBroker extends Broker {
  /** Why devices are not heard. */
  readonly problems: GatewayView["problems"];
}

/** Begins to connect, and goes on trying until it is closed. */
export function openExternalBroker(
  settings: ExternalSettings,
  hooks: Pick<BrokerHooks, "accept">,
  parts: ExternalParts,
): ExternalBroker {
  const broker = new Engine(settings, hooks, parts);
  broker.start();
  return broker;
}

class Engine implements ExternalBroker {
  readonly #settings: ExternalSettings;
  readonly #hooks: Pick<BrokerHooks, "accept">;
  readonly #parts: ExternalParts;
  readonly #publications = new Publications();
  readonly #echoes = new Echoes();
  readonly #listeners = new ProcessListeners();
  /** What others retain, as far as the house hears it. */
  readonly #retained = new SeenRetained();
  readonly #stop = new AbortController();
  readonly #traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
  #version: 4 | 5;
  #link: ExternalLink | undefined;
  #client: MqttClient | undefined;
  #problem: string | undefined;
  /** Something was said about the link at all. */
  #told = false;
  /** New messages come with QoS 0, because those before could not be kept. */
  #unkept = false;
  #hurry = false;
  /** Undefined while there is a link, and once its absence was told. */
  #downSince: Ms | undefined;
  #looking: Disposable | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(settings: ExternalSettings, hooks: Pick<BrokerHooks, "accept">, parts: ExternalParts) {
    this.#settings = settings;
    this.#hooks = hooks;
    this.#parts = parts;
    this.#version = settings.version === "3.1.1" ? 4 : 5;
  }

  start(): void {
    const { clock } = this.#parts;
    this.#downSince = clock.monotonic();
    this.#looking = clock.every(LOOK_MS, () => this.#look(clock.monotonic()));
    this.#running = this.#run();
  }

  get problems(): GatewayView["problems"] {
    const problem = this.#problem;
    return problem === undefined ? [] : [{ code: "broker", where: "mqtt.external", problem }];
  }

  async publish(message: MqttMessage): Promise<void> {
    const topic = parseTopicName(message.topic);
    if (!topic.ok) throw new RangeError(`topic: ${topic.problem}`);
    // 3.1.1 §4.7.2: topics with `$` are the server's own, and this is not ours.
    if (message.topic.startsWith("$")) return;
    this.#listeners.route(message);
    if (this.#link === undefined && message.qos === 0 && !message.retain) {
      throw new StoreError("io", "the external broker cannot be reached");
    }
    const added = this.#publications.add(message, this.#parts.clock.monotonic());
    this.#pump();
    await added;
  }

  subscribe(
    filter: string,
    { qos }: { readonly qos: Qos },
    hear: (message: MqttMessage) => void,
  ): Disposable {
    const parsed = parseTopicFilter(filter);
    if (!parsed.ok) throw new RangeError(`filter: ${parsed.problem}`);
    const known = [
      ...this.#publications.retainedMatching(parsed.filter),
      ...this.#retained.matching(parsed.filter),
    ];
    const listening = this.#listeners.add(parsed.filter, qos, { known, hear });
    // Brokers send a copy for each subscription that matches: what the house hears in any case is not asked for again.
    const own = !this.#isCovered(filter);
    if (own) void this.#link?.subscribe(filter, qos === 0 ? 0 : 1);
    return {
      [Symbol.dispose]: () => {
        listening[Symbol.dispose]();
        if (own && !this.#wanted().has(filter)) this.#link?.unsubscribe(filter);
      },
    };
  }

  /** MQTT knows no message to one client but by its topics, and whose connection it is only the broker knows. */
  send(): boolean {
    return false;
  }

  /** They are the broker's. */
  sessions(): readonly never[] {
    return [];
  }

  metrics(): BrokerMetrics {
    const { bytes, dropped, retained, waiting } = this.#publications;
    return {
      ...this.#traffic,
      sessions: 0,
      connections: 0,
      subscriptions: 0,
      retained,
      retainedBytes: 0,
      queuedMessages: waiting,
      queuedBytes: bytes,
      dropped,
      refused: 0,
    };
  }

  /** Whom the broker lets in is its own affair. */
  disconnect(): number {
    return 0;
  }

  askAgain(): void {
    if (!this.#unkept) return;
    this.#hurry = true;
    const link = this.#link;
    if (link === undefined) return;
    const reason = "asked to send again what was not acknowledged";
    const late = this.#parts.clock.after(FAREWELL_MS, () => link.drop(reason));
    void link.close(reason).finally(() => late[Symbol.dispose]());
  }

  async close(): Promise<void> {
    const { clock } = this.#parts;
    const link = this.#link;
    const patience = new AbortController();
    const late = clock.sleep(FAREWELL_MS, patience.signal).catch(() => undefined);
    if (link !== undefined) {
      await Promise.race([this.#publications.emptied(), link.closed, late]);
      await Promise.race([link.close("closed by the gateway"), late]);
    }
    patience.abort();
    this.#stop.abort();
    link?.drop("closed by the gateway");
    this.#looking?.[Symbol.dispose]();
    this.#publications.close();
    await this.#running;
  }

  #look(now: Ms): void {
    this.#publications.expire(now);
    if (this.#downSince === undefined || now - this.#downSince < SILENCE_MS) return;
    this.#downSince = undefined;
    this.#parts.onSilence();
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#parts;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; ) {
      const since = clock.monotonic();
      const reason = await this.#connection();
      if (signal.aborted) return;
      if (this.#hurry) {
        this.#hurry = false;
        continue;
      }
      this.#tell(reason);
      failures = clock.monotonic() - since > GOOD_MS ? 1 : failures + 1;
      await clock.sleep(backoffMs(failures, RETRY, random()), signal).catch(() => undefined); // The stop.
    }
  }

  /** One connection from its beginning to its end. @returns why it ended. */
  async #connection(): Promise<string> {
    const { will } = this.#parts;
    const version = this.#version;
    let link: ExternalLink;
    try {
      const take = this.#take.bind(this);
      link = await openLink(this.#settings, { version, will, take }, this.#stop.signal);
    } catch (error) {
      if (this.#settings.version === "auto" && isAboutVersion(error)) this.#version = version === 5 ? 4 : 5;
      return (error as Error).message;
    }
    this.#unkept = false;
    this.#retained.clear();
    const { signal } = this.#stop;
    const stop = (): void => link.drop("closed by the gateway");
    signal.addEventListener("abort", stop, { once: true });
    const late = this.#parts.clock.after(SUBSCRIBE_MS, () => link.drop("it does not answer to SUBSCRIBE"));
    const filters = this.#wanted();
    const refused = await Promise.race([subscribeAll(link, filters), link.closed]);
    late[Symbol.dispose]();
    const reason = typeof refused === "string" ? refused : await this.#serve(link, filters, refused);
    signal.removeEventListener("abort", stop);
    return reason;
  }

  /** @param asked filters that were subscribed to already. @returns why the link ended. */
  async #serve(link: ExternalLink, asked: ReadonlySet<string>, refused: readonly string[]): Promise<string> {
    const { will } = this.#parts;
    for (const filter of this.#wanted()) if (!asked.has(filter)) void link.subscribe(filter, 1);
    // What a broker without our session has kept of us is not known. And whoever comes back is not lost.
    if (link.sessionPresent) this.#publications.again(will.topic);
    else this.#publications.again();
    this.#link = link;
    this.#downSince = undefined;
    this.#tell(refused.length === 0 ? undefined : `it does not let us subscribe to ${refused.join(", ")}`);
    this.#pump();
    const reason = await link.closed;
    this.#link = undefined;
    this.#downSince = this.#parts.clock.monotonic();
    this.#publications.recall();
    return reason;
  }

  #wanted(): ReadonlySet<string> {
    const others = [...this.#listeners.filters].filter((filter) => !this.#isCovered(filter));
    return new Set<string>([...this.#parts.filters, ...others]);
  }

  #isCovered(filter: string): boolean {
    return this.#parts.filters.some((wide) => covers(wide, filter));
  }

  /** @returns whether the message is done with: it can be acknowledged. */
  #take(message: MqttMessage, link: ExternalLink): boolean | Promise<boolean> {
    const { clock, isOwn } = this.#parts;
    this.#traffic.messagesIn++;
    this.#traffic.bytesIn += message.payload.length;
    if (link.version === 4 && this.#echoes.isEcho(message, clock.monotonic())) return true;
    if (isOwn(message) || this.#isRemembered(message)) return true;
    let accepted: boolean | Promise<boolean>;
    try {
      accepted = this.#hooks.accept(this.#clientOf(link), message, () => undefined);
    } catch (error) {
      return this.#failed(message, link, error);
    }
    if (typeof accepted !== "boolean") {
      return accepted.then(
        (route) => this.#accepted(message, route),
        (error: unknown) => this.#failed(message, link, error),
      );
    }
    return this.#accepted(message, accepted);
  }

  #accepted(message: MqttMessage, route: boolean): true {
    if (route) {
      this.#retained.take(message);
      this.#listeners.route(message);
    }
    return true;
  }

  #failed(message: MqttMessage, link: ExternalLink, error: unknown): boolean {
    if (!(error instanceof StoreError)) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.log.warn({ topic: message.topic.slice(0, 200), reason }, "a message was refused");
      return true;
    }
    if (!this.#unkept) {
      this.#unkept = true;
      // A broker that waits for as many acknowledgements as it allows sends nothing any more, and local control would end.
      // What comes without being acknowledged is heard and not kept, as everything is until the disk can be written.
      for (const filter of this.#wanted()) void link.subscribe(filter, 0);
    }
    return false;
  }

  /** It is what we retain there. */
  #isRemembered({ payload, topic }: MqttMessage): boolean {
    const own = this.#publications.retainedOf(topic);
    return own !== undefined && Buffer.compare(own.payload, payload) === 0;
  }

  #clientOf({ version }: ExternalLink): MqttClient {
    const protocol = version === 5 ? "5.0" : "3.1.1";
    if (this.#client?.protocol !== protocol) {
      this.#client = {
        id: this.#settings.clientId,
        username: EXTERNAL,
        address: new URL(this.#settings.url).hostname,
        listener: EXTERNAL,
        protocol,
        connectedAt: this.#parts.clock.now(),
      };
    }
    return this.#client;
  }

  #pump(): void {
    const link = this.#link;
    if (link === undefined) return;
    while (this.#publications.flying < link.mostFlying) {
      const next = this.#publications.next();
      if (next === undefined) return;
      const [key, { message }] = next;
      this.#traffic.messagesOut++;
      this.#traffic.bytesOut += message.payload.length;
      if (link.version === 4 && this.#comesBack(message)) {
        this.#echoes.sent(message, this.#parts.clock.monotonic());
      }
      link.publish(message, (refusal) => {
        if (refusal !== undefined) {
          this.#parts.log.warn(
            { topic: message.topic.slice(0, 200), reason: refusal },
            "a message was refused",
          );
        }
        this.#publications.done(key, refusal === undefined ? undefined : new StoreError("io", refusal));
        if (this.#link === link) this.#pump();
      });
    }
  }

  #comesBack({ topic }: MqttMessage): boolean {
    return [...this.#wanted()].some((filter) => matches(filter as TopicFilter, topic as TopicName));
  }

  #tell(problem: string | undefined): void {
    const before = this.#problem;
    this.#problem = problem && `${problem}: devices of the external broker are not heard`;
    if (before === this.#problem && this.#told) return;
    this.#told = true;
    const { log, onChange } = this.#parts;
    const { url } = this.#settings;
    if (problem === undefined) log.info({ url }, "the external broker is connected");
    else if (before === undefined) log.warn({ url, problem }, "the external broker cannot be used");
    onChange();
  }
}

/** @returns the filters that the broker refuses. */
async function subscribeAll(link: ExternalLink, filters: Iterable<string>): Promise<readonly string[]> {
  const all = [...filters];
  const granted = await Promise.all(all.map((filter) => link.subscribe(filter, 1)));
  return all.filter((_, index) => granted[index] === false);
}
