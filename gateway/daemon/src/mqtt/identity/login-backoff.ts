import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";

interface Limits {
  /** Failures that cost nothing. */
  readonly free: number;
  readonly longestMs: Ms;
}

/** The first wait; it doubles with each further failure. In milliseconds. */
const FIRST_MS: Ms = 1_000;
/** Failures are forgotten when none was added for so long. In milliseconds. */
const FORGET_MS: Ms = 10 * 60_000;
/** So many are remembered of each kind; the longest unused go first. */
export const REMEMBERED = 2_000;

/**
 * How long whom. An address may be a whole house behind one router, so it waits least; a name is guessed at from many
 * addresses; a name at an address is one client with a wrong password, or one guesser.
 */
export const BACKOFF: Readonly<Record<"client" | "name" | "address", Limits>> = {
  client: { free: 3, longestMs: 60_000 },
  name: { free: 10, longestMs: 60_000 },
  address: { free: 20, longestMs: 30_000 },
};

interface Failures {
  count: number;
  at: Ms;
  until: Ms;
}

/**
 * Slows down who guesses passwords, on the monotonic clock and in bounded memory.
 *
 * Whoever was let in under a name from an address before is not held up by what others do there or under that name:
 * only by its own failures. Attempts while it has to wait do not count, or a client that keeps trying would never get in.
 */
export class LoginBackoff {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #clients = new Map<string, Failures>();
  readonly #names = new Map<string, Failures>();
  readonly #addresses = new Map<string, Failures>();
  readonly #welcome = new Set<string>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** @param shared a name that many use (`pair`): failures under it say nothing about it. */
  waitMs(name: string, address: string, options: { readonly shared?: boolean } = {}): Ms {
    const client = clientKey(name, address);
    const own = this.#left(this.#clients, client);
    if (this.#welcome.has(client)) return own;
    const named = options.shared === true ? 0 : this.#left(this.#names, name);
    return Math.max(own, named, this.#left(this.#addresses, address));
  }

  failed(name: string, address: string, options: { readonly shared?: boolean } = {}): void {
    this.#count(this.#clients, clientKey(name, address), BACKOFF.client);
    if (options.shared !== true) this.#count(this.#names, name, BACKOFF.name);
    this.#count(this.#addresses, address, BACKOFF.address);
  }

  succeeded(name: string, address: string): void {
    const client = clientKey(name, address);
    this.#clients.delete(client);
    this.#names.delete(name);
    this.#welcome.delete(client);
    this.#welcome.add(client);
    bound(this.#welcome);
  }

  /** The name's credential is gone: what was known of it says nothing about the next one. */
  forget(name: string): void {
    this.#names.delete(name);
    for (const client of this.#welcome) if (client.startsWith(`${name}\n`)) this.#welcome.delete(client);
  }

  #left(shelf: Map<string, Failures>, key: string): Ms {
    return Math.max(0, (shelf.get(key)?.until ?? 0) - this.#clock.monotonic());
  }

  #count(shelf: Map<string, Failures>, key: string, { free, longestMs }: Limits): void {
    const now = this.#clock.monotonic();
    const known = shelf.get(key);
    const count = (known === undefined || now - known.at > FORGET_MS ? 0 : known.count) + 1;
    const waitMs = count <= free ? 0 : Math.min(longestMs, FIRST_MS * 2 ** Math.min(count - free - 1, 30));
    shelf.delete(key);
    shelf.set(key, { count, at: now, until: now + waitMs });
    bound(shelf);
  }
}

/** Names hold no line break where they are compared with accounts; an address never does. */
function clientKey(name: string, address: string): string {
  return `${name}\n${address}`;
}

function bound(shelf: {
  readonly size: number;
  keys(): Iterator<string>;
  delete(key: string): boolean;
}): void {
  if (shelf.size <= REMEMBERED) return;
  const oldest = shelf.keys().next();
  if (oldest.done !== true) shelf.delete(oldest.value);
}
