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
} from "@tram/core";
import type { BridgeView, Command, Json, Reading, Thing } from "@tram/protocol";
import type { BridgeConfig } from "./bridge-config.ts";
import type { BridgeLog } from "./bridge-log.ts";
import { Link } from "./link.ts";
import { mappingOptions } from "./mapping/mapping-options.ts";
import { Mapping, type PropertyFacts } from "./mapping.ts";
import { type Draft, type Outbox, openOutbox } from "./outbox.ts";
import { createProvider } from "./providers/index.ts";
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

export interface BridgeParts {
  readonly config: BridgeConfig;
  readonly gateway: { readonly id: string };
  readonly house: BridgeHouse;
  readonly store: Store;
  readonly clock: Clock;
  /** A number in [0, 1), unpredictable enough that two starts differ. */
  readonly random: () => number;
  readonly log: BridgeLog;
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
  status(): BridgeView;
  /** What its cloud will never take. */
  readonly parked: ParkedDesk;
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
  signal?.throwIfAborted();
  const bridge = config.id;
  const mapping = new Mapping({
    ...mappingOptions(config, gateway.id),
    facts: (thing, property) => house.facts(thing, property),
  });
  const provider = await createProvider(config, {
    gateway: gateway.id,
    mapping,
    clock,
    describe: (thing) => house.describe(thing),
    ...(parts.password === undefined ? {} : { password: parts.password }),
    ...(parts.identity === undefined ? {} : { identity: parts.identity }),
  });
  const outbox = await openOutbox(store, {
    bridge,
    idPrefix: `${gateway.id}-${token(random)}`,
    ...outboxSettings(config),
    window: provider.maxInFlightPerGroup ?? 1,
    clock,
    log,
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
  const tending = clock.every(TEND_EVERY_MS, () => tend(outbox, parts));
  const link = Link.open({
    bridge,
    provider,
    desk: deskOf(house, mapping),
    outbox,
    clock,
    random,
    log,
    onChange: changed,
  });

  const close = async (): Promise<void> => {
    signal?.removeEventListener("abort", onAbort);
    tending[Symbol.dispose]();
    await link[Symbol.asyncDispose]();
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

  const queue = (draft: Draft | undefined, unit: Unit): void => {
    if (draft !== undefined) outbox.enqueue(draft, unit);
  };
  return {
    id: bridge,
    offer: (reading, unit, options) => {
      const draft = mapping.news(reading, clock.monotonic(), options?.class);
      if (draft === undefined) return;
      queue(draft, unit);
      unit.after((kept) => {
        if (!kept) mapping.lost(reading);
      });
    },
    offerCommand: (command, unit, context) => queue(mapping.command(command, context), unit),
    status: () => {
      const { oldest, ...counts } = outbox.counts();
      return {
        id: bridge,
        provider: provider.name,
        ...link.status(),
        ...counts,
        ...(oldest === undefined ? {} : { oldest: new Date(oldest).toISOString() }),
      };
    },
    parked: {
      list: (options) => outbox.parked(options),
      sendAgain: (seq) => outbox.sendAgain(seq),
      discard: (seq) => outbox.discard(seq),
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
