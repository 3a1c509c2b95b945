import type {
  Clock,
  CloudAnswer,
  CloudDesk,
  CloudRequest,
  CloudThing,
  MessageClass,
  Store,
  TurnedAway,
  Unit,
  WanState,
} from "@tram/core";
import type { BridgeView, Command, Json, Reading, Thing } from "@tram/protocol";
import type { BridgeConfig } from "./bridge-config.ts";
import type { BridgeLog } from "./bridge-log.ts";
import { findPortal } from "./link/find-portal.ts";
import { PortalWatch } from "./link/portal-watch.ts";
import { type BudgetLevel, Traffic } from "./link/traffic.ts";
import { Link } from "./link.ts";
import { thriftOf } from "./link-config.ts";
import { mappingOptions } from "./mapping/mapping-options.ts";
import { perhapsUntold, Trailing } from "./mapping/trailing.ts";
import { Mapping, type PropertyFacts } from "./mapping.ts";
import { type Draft, type Outbox, openOutbox } from "./outbox.ts";
import { createProvider } from "./providers/index.ts";
import type { BridgeProvider } from "./providers/provider.ts";
import type { TlsIdentity } from "./providers/tls-identity.ts";
import type { ParkedMessage } from "./queue/parked.ts";
import { outboxSettings } from "./queue-config.ts";

/** Between two looks at what has waited for too long. In milliseconds. */
const TEND_EVERY_MS = 2_000;

/** The house as a bridge needs it, whichever part of it goes to its cloud. */
export interface BridgeHouse {
  /** A cloud asks. Whether it may is decided here. Never rejects. */
  ask(request: CloudRequest): Promise<CloudAnswer>;
  /** The last reading of each property. */
  readings(): Iterable<Reading>;
  things(): Iterable<CloudThing>;
  /** How a Thing describes itself. */
  describe(thing: string): Thing | undefined;
  /** What is known of a property; `undefined` where its Thing does not have it. */
  facts(thing: string, property: string): PropertyFacts | undefined;
  /** Id of the area that a Thing is in. */
  areaOf(thing: string): string | undefined;
  /** Calls `listener` when a Thing has come, has changed, or is gone. */
  onThing(listener: (id: string) => void): Disposable;
  /** A cloud has sent what is no request. */
  turnedAway(what: TurnedAway): void;
}

export interface BridgeParts extends BridgeCredentials {
  readonly config: BridgeConfig;
  readonly gateway: {
    readonly id: string;
    /** IANA time zone, in which days and months are counted; default UTC. */
    readonly timezone?: string;
  };
  /** What the way to the Internet costs; default: nobody knows. */
  readonly wan?: WanState;
  readonly house: BridgeHouse;
  readonly store: Store;
  readonly clock: Clock;
  /** A number in [0, 1), unpredictable enough that two starts differ. */
  readonly random: () => number;
  readonly log: BridgeLog;
}

/** What a bridge shows its cloud, and by what it knows it. */
export interface BridgeCredentials {
  /** What `password` or `password_file` of the configuration says. */
  readonly password?: string;
  /** What `ca_file`, `cert_file` and `key_file` of the configuration hold. */
  readonly identity?: TlsIdentity;
}

/** Where people look after parked messages. */
export interface ParkedDesk {
  /** As `Outbox.parked`. */
  list(options: { readonly after: number; readonly limit: number }): Promise<readonly ParkedMessage[]>;
  /** As `Outbox.sendAgain`. */
  sendAgain(seq: number): Promise<boolean>;
  /** As `Outbox.discard`. */
  discard(seq: number): Promise<boolean>;
}

/**
 * How long a line may be silent before the cloud is asked whether it is there. RFC 5382 REQ-5 has address translators
 * keep a TCP connection for two hours; those of mobile operators have been seen to forget it after four to five minutes,
 * and cheap routers after one. 30 s stays below all of them and finds a dead line within 45 s; it costs 11 MB a month
 * over TCP alone and 16 over TLS, which is too much for a small SIM: where each byte is paid for it is 120 s.
 */
const KEEPALIVE_S = 30;
const METERED_KEEPALIVE_S = 120;

const UNKNOWN_WAN: WanState = { state: "unknown", onChange: () => ({ [Symbol.dispose]: () => undefined }) };

/** A bridge at work. */
export interface Bridge extends AsyncDisposable {
  readonly id: string;
  /** Queues a reading in its unit, if it goes to this cloud. */
  offer(reading: Reading, unit: Unit, options?: { readonly class?: MessageClass }): void;
  /**
   * Queues the result of a command in its unit, if the command has ended and goes to this cloud.
   * @param context of the request that led to it, where that came from this cloud; null where it had none.
   */
  offerCommand(command: Command, unit: Unit, context?: Json): void;
  /** As in `status()`, for those who look after every message. */
  readonly state: BridgeView["state"];
  /** How much of the month's bytes is used; `undefined` where nobody has set how many there are. */
  readonly budget: BudgetLevel | undefined;
  status(): BridgeView;
  /** What its cloud will never take. */
  readonly parked: ParkedDesk;
  /**
   * Takes on other credentials, all of them. The connection is closed while `work` makes it, because two with one client id throw
   * each other out; the queue takes messages meanwhile. Afterwards it connects with what `work` returns, and with what
   * it had before when that rejects: then this rejects too. `work` has to end by itself.
   */
  exchange(work: () => Promise<BridgeCredentials>): Promise<void>;
  /** Calls `listener` each time that `status()` may have changed: after every message, so look at your own pace. */
  onChange(listener: () => void): Disposable;
}

/**
 * Opens the bridge of one configuration entry: its queue with everything that is still in it, and the link, which
 * connects at once and for ever.
 * @param signal closes the bridge when it aborts.
 * @throws {StoreError} when the queue cannot be read.
 */
export async function openBridge(parts: BridgeParts, signal?: AbortSignal): Promise<Bridge> {
  const { config, gateway, house, store, clock, random, log } = parts;
  const { wan = UNKNOWN_WAN } = parts;
  signal?.throwIfAborted();
  const bridge = config.id;
  const mapping = new Mapping({
    ...mappingOptions(config, gateway.id),
    facts: (thing, property) => house.facts(thing, property),
  });
  const providerFor = ({ identity, password }: BridgeCredentials): Promise<BridgeProvider> =>
    createProvider(config, {
      gateway: gateway.id,
      mapping,
      clock,
      log,
      describe: (thing) => house.describe(thing),
      ...(password === undefined ? {} : { password }),
      ...(identity === undefined ? {} : { identity }),
      keepaliveS: () => (wan.state === "metered" ? METERED_KEEPALIVE_S : KEEPALIVE_S),
    });
  let credentials: BridgeCredentials = parts;
  let provider = await providerFor(credentials);
  const outbox = await openOutbox(store, {
    bridge,
    idPrefix: `${gateway.id}-${token(random)}`,
    ...outboxSettings(config),
    window: provider.maxInFlightPerGroup ?? 1,
    clock,
    log,
  });

  const tell = (draft: Draft, unit: Unit): void => {
    mapping.told(draft, clock.monotonic());
    unit.after((kept) => {
      if (!kept) mapping.lost(draft);
    });
  };
  const trailing = new Trailing({
    store,
    bridge,
    clock,
    log,
    release: (draft, unit) => {
      // What is not kept is held still.
      outbox.enqueue(draft, unit, () => undefined);
      tell(draft, unit);
    },
  });

  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of [...listeners]) {
      try {
        listener();
      } catch (error) {
        log.error({ bridge, error: String(error) }, "a listener of the bridge threw");
      }
    }
  };
  const watch = outbox.onChange(changed);
  const thrift = thriftOf(config);
  const opened: { link?: Link } = {};
  const traffic = await Traffic.open(store, {
    bridge,
    timezone: gateway.timezone ?? "UTC",
    clock,
    wan,
    ...(thrift.budgetBytes === undefined ? {} : { budgetBytes: thrift.budgetBytes }),
    log,
    onChange: () => {
      opened.link?.reconsider();
      changed();
    },
  });
  const tending = clock.every(TEND_EVERY_MS, () => tend(outbox, parts));
  const portal = new PortalWatch(
    (place, suspicion, asked) => findPortal(place, suspicion, { clock, signal: asked }),
    clock,
  );
  const openLink = (): Link =>
    Link.open({
      bridge,
      provider,
      desk: deskOf(house, mapping),
      outbox,
      clock,
      random,
      log,
      traffic,
      wan,
      thrift,
      portal,
      onChange: changed,
    });
  const rateMs = (config.rate_s ?? 0) * 1_000;
  for (const reading of rateMs > 0 ? perhapsUntold(house.readings(), rateMs) : []) {
    const draft = mapping.reading(reading);
    if (draft !== undefined && draft.class !== "alarm") trailing.hold(draft, 0);
  }
  let link = openLink();
  opened.link = link;

  let exchanging: Promise<unknown> = Promise.resolve();
  const exchange = async (work: () => Promise<BridgeCredentials>): Promise<void> => {
    await link[Symbol.asyncDispose]();
    try {
      credentials = await work();
    } finally {
      provider = await providerFor(credentials);
      link = openLink();
      opened.link = link;
      changed();
    }
  };
  const close = async (): Promise<void> => {
    signal?.removeEventListener("abort", onAbort);
    tending[Symbol.dispose]();
    await trailing[Symbol.asyncDispose]();
    await exchanging;
    await link[Symbol.asyncDispose]();
    await traffic[Symbol.asyncDispose]();
    watch[Symbol.dispose]();
    try {
      await outbox.flush();
    } catch (error) {
      log.warn({ bridge, error: String(error) }, "the queue could not be brought up to date");
    }
  };
  let closing: Promise<void> | undefined;
  const dispose = (): Promise<void> => {
    closing ??= close();
    return closing;
  };
  const onAbort = (): void => void dispose();
  signal?.addEventListener("abort", onAbort, { once: true });

  return {
    id: bridge,
    offer: (reading, unit, options) => {
      const found = mapping.judge(reading, clock.monotonic(), options?.class);
      if (found === undefined) return;
      const { draft, verdict } = found;
      if (verdict.is === "early") {
        trailing.hold(draft, verdict.inMs);
        return;
      }
      trailing.drop(draft);
      if (verdict.is === "nothing") return;
      outbox.enqueue(draft, unit);
      tell(draft, unit);
    },
    offerCommand: (command, unit, context) => {
      const draft = mapping.command(command, context);
      if (draft !== undefined) outbox.enqueue(draft, unit);
    },
    get state() {
      return link.state;
    },
    get budget() {
      return thrift.budgetBytes === undefined ? undefined : traffic.level;
    },
    status: () => {
      const { oldest, ...counts } = outbox.counts();
      return {
        id: bridge,
        provider: provider.name,
        ...link.status(counts.queued),
        ...counts,
        ...(oldest === undefined ? {} : { oldest: new Date(oldest).toISOString() }),
      };
    },
    parked: {
      list: (options) => outbox.parked(options),
      sendAgain: (seq) => outbox.sendAgain(seq),
      discard: (seq) => outbox.discard(seq),
    },
    exchange: (work) => {
      if (closing !== undefined) return Promise.reject(new Error("the bridge is closed"));
      const done = exchanging.then(() => exchange(work));
      exchanging = done.catch(() => undefined); // Who has asked hears of it.
      return done;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** A bug in there must not take the gateway along; what waits can wait. */
function tend(outbox: Outbox, { config, log }: Pick<BridgeParts, "config" | "log">): void {
  outbox.tend().catch((error: unknown) => {
    log.error({ bridge: config.id, error: String(error) }, "the queue could not be looked after");
  });
}

/** What of the house goes to this cloud, and nothing else of it. */
function deskOf(house: BridgeHouse, mapping: Mapping): CloudDesk {
  const wants = (thing: string): boolean => mapping.wantsThing(thing, house.areaOf(thing));
  return {
    ask: (request) => house.ask(request),
    *snapshot() {
      for (const reading of house.readings()) {
        const draft = mapping.reading(reading);
        if (draft !== undefined) yield draft;
      }
    },
    *things() {
      for (const thing of house.things()) if (wants(thing.id)) yield thing;
    },
    // Of all of them: one may have been taken out of an area that goes there.
    onThing: (listener) => house.onThing(listener),
    turnedAway: (what) => house.turnedAway(what),
  };
}

/** About 41 random bits: one collision in two billion starts would still need equal positions to matter. */
function token(random: () => number): string {
  return Math.floor(random() * 36 ** 8)
    .toString(36)
    .padStart(8, "0");
}
