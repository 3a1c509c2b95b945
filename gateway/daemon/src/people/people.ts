import { createHash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { type Clock, type Store, StoreError, type Transactions } from "@tram/core";
import type { EpochMs, Json, Ms, NewToken, Scope, TokenView } from "@tram/protocol";
import { hashPassword, type PasswordHash, verifyPassword } from "./password.ts";
import { withImplied } from "./scopes.ts";
import { Tickets } from "./tickets.ts";

const USERS = "users";
const SESSIONS = "sessions";
const TOKENS = "tokens";

/** A session ends this long after the sign-in. In milliseconds. */
export const SESSION_MS: Ms = 30 * 86_400_000;
/** A session that began with a ticket of another program: it cannot be taken back there. In milliseconds. */
export const VISIT_MS: Ms = 12 * 3_600_000;
/** The set-up code is good for this long after the start, and for this many guesses. */
export const SETUP = { windowMs: 15 * 60_000, guesses: 10 } as const;
/** Wrong passwords from one address before it has to wait, and how long. */
export const SIGN_IN = { failures: 5, waitMs: 60_000, addresses: 1_000 } as const;

/** Letters that nobody mixes up: no 0/O, 1/I/L. */
const CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/** Who calls, and what they may do. */
export interface Principal {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

interface Session {
  readonly username: string;
  readonly expires: EpochMs;
  /** Of a visitor, who is no user of ours; users may do everything. */
  readonly scopes?: readonly Scope[];
}

interface Token extends TokenView {
  readonly digest: string;
}

/** A session that was opened. */
export interface Opened {
  /** The secret of its cookie. */
  readonly session: string;
  /** The store keeps it; else it ends with the gateway's process. */
  readonly lasting: boolean;
}

export type SetupResult =
  | ({ readonly ok: true } & Opened)
  | { readonly ok: false; readonly code: "not-needed" | "wrong-code" | "expired" };

export type SignInResult =
  | ({ readonly ok: true } & Opened)
  | { readonly ok: false; readonly code: "wrong" }
  | { readonly ok: false; readonly code: "too-many"; readonly retryAfterMs: Ms };

/**
 * The people of the house: administrators, their sessions, and the tokens they hand to programs. Secrets are kept as
 * hashes only: passwords as scrypt, random 160-bit secrets as SHA-256.
 */
export class People {
  /** For those who are signed in elsewhere on this machine. */
  readonly tickets: Tickets;
  readonly #clock: Clock;
  readonly #transactions: Transactions;
  readonly #users = new Map<string, PasswordHash>();
  readonly #sessions = new Map<string, Session>();
  readonly #tokens = new Map<string, Token>();
  readonly #failures = new Map<string, { count: number; since: Ms }>();
  readonly #revoked = new Set<() => void>();
  #setup: { readonly code: string; readonly until: Ms; guesses: number } | undefined;

  constructor(parts: { clock: Clock; transactions: Transactions }) {
    this.#clock = parts.clock;
    this.#transactions = parts.transactions;
    this.tickets = new Tickets(parts.clock);
  }

  async restore(store: Store): Promise<void> {
    for (const [name, value] of await store.entries(USERS)) {
      this.#users.set(name, value as unknown as PasswordHash);
    }
    for (const [key, value] of await store.entries(SESSIONS)) {
      this.#sessions.set(key, value as unknown as Session);
    }
    for (const [key, value] of await store.entries(TOKENS)) this.#tokens.set(key, value as unknown as Token);
  }

  get setupNeeded(): boolean {
    return this.#users.size === 0;
  }

  /** Whether this is the name of a user. What somebody types for a name may be a password. */
  knows(username: string): boolean {
    return this.#users.has(username);
  }

  /**
   * Makes the one-time code that creates the first administrator; `undefined` once there is one. A code that was made
   * before is void then.
   */
  openSetup(): string | undefined {
    if (!this.setupNeeded) return undefined;
    const letters = Array.from({ length: 8 }, () => CODE_LETTERS[randomInt(CODE_LETTERS.length)]).join("");
    const code = `${letters.slice(0, 4)}-${letters.slice(4)}`;
    this.#setup = { code, until: this.#clock.monotonic() + SETUP.windowMs, guesses: 0 };
    return code;
  }

  /**
   * Creates the first administrator and signs in.
   * @throws {StoreError} when the store does not keep them: there is no administrator then, and the code stays good.
   */
  async setUp(code: string, username: string, password: string): Promise<SetupResult> {
    if (!this.setupNeeded) return { ok: false, code: "not-needed" };
    const setup = this.#setup;
    if (setup === undefined || this.#clock.monotonic() > setup.until || setup.guesses >= SETUP.guesses) {
      return { ok: false, code: "expired" };
    }
    setup.guesses++;
    if (!sameText(code.replace(/[\s-]/g, "").toUpperCase(), setup.code.replace("-", ""))) {
      return { ok: false, code: "wrong-code" };
    }
    this.#setup = undefined;
    const hash = await hashPassword(password);
    try {
      await this.#transactions.transact((unit) => {
        unit.propose(USERS, username, hash);
        unit.require("power");
      });
    } catch (error) {
      this.#setup ??= { ...setup, guesses: setup.guesses - 1 };
      throw error;
    }
    this.#users.set(username, hash);
    return { ok: true, ...(await this.#openSession(username)) };
  }

  async signIn(username: string, password: string, address: string): Promise<SignInResult> {
    const waitMs = this.#mustWait(address);
    if (waitMs > 0) return { ok: false, code: "too-many", retryAfterMs: waitMs };
    // Counted before the slow comparison, so that parallel guesses do not slip through.
    this.#countFailure(address);
    const stored = this.#users.get(username);
    // An unknown name costs the same work, so that time does not tell which names exist.
    const matches = await verifyPassword(password, stored ?? NOBODY);
    if (stored === undefined || !matches) return { ok: false, code: "wrong" };
    this.#failures.delete(address);
    return { ok: true, ...(await this.#openSession(username)) };
  }

  /** Opens a session for somebody who brought a ticket. */
  visit({ name, scopes }: Principal): Promise<Opened> {
    return this.#keepSession({ username: name, scopes, expires: this.#clock.now() + VISIT_MS });
  }

  /**
   * Ends a session, at once.
   * @throws {StoreError} when the store does not keep that: a power cut could bring the session back.
   */
  async signOut(session: string): Promise<void> {
    const key = digest(session);
    if (!this.#sessions.delete(key)) return;
    this.#tellRevoked();
    await this.#transactions.transact((unit) => unit.delete(SESSIONS, key));
  }

  /** Who holds a session cookie; `undefined` when it is not valid any more. */
  bySession(session: string): Principal | undefined {
    const found = this.#sessions.get(digest(session));
    if (found === undefined || found.expires < this.#clock.now()) return undefined;
    if (found.scopes !== undefined) return { name: found.username, scopes: found.scopes };
    if (!this.#users.has(found.username)) return undefined;
    return { name: found.username, scopes: ["read", "control", "admin"] };
  }

  byToken(token: string): Principal | undefined {
    const key = digest(token);
    for (const found of this.#tokens.values()) {
      if (sameText(found.digest, key))
        return { name: `token-${found.name}`, scopes: withImplied(found.scopes) };
    }
    return this.tickets.byPageToken(token);
  }

  /** Makes a token for a program. The secret is returned once and never kept. */
  async createToken(name: string, scopes: readonly Scope[]): Promise<NewToken> {
    const secret = randomBytes(20).toString("base64url");
    const view: TokenView = {
      id: randomBytes(6).toString("hex"),
      name,
      scopes: [...scopes],
      createdAt: new Date(this.#clock.now()).toISOString(),
    };
    const token: Token = { ...view, digest: digest(secret) };
    await this.#transactions.transact((unit) => {
      unit.propose(TOKENS, view.id, token as unknown as Json);
      unit.require("power");
    });
    this.#tokens.set(view.id, token);
    return { ...view, token: secret };
  }

  tokens(): readonly TokenView[] {
    return [...this.#tokens.values()].map(({ digest: _secret, ...view }) => view);
  }

  /**
   * Takes a token back, at once; it ends on live connections too.
   * @throws {StoreError} when the store does not keep that: a power cut could bring the token back.
   */
  async revokeToken(id: string): Promise<boolean> {
    if (!this.#tokens.delete(id)) return false;
    this.#tellRevoked();
    await this.#transactions.transact((unit) => {
      unit.delete(TOKENS, id);
      unit.require("power");
    });
    return true;
  }

  /** Calls `listener` when somebody lost their rights, so that live connections are checked again. */
  onRevoked(listener: () => void): Disposable {
    this.#revoked.add(listener);
    return { [Symbol.dispose]: () => void this.#revoked.delete(listener) };
  }

  #tellRevoked(): void {
    for (const listener of [...this.#revoked]) listener();
  }

  #openSession(username: string): Promise<Opened> {
    return this.#keepSession({ username, expires: this.#clock.now() + SESSION_MS });
  }

  /** Opens the session in any case: somebody must be able to see that, and why, nothing is kept. */
  async #keepSession(session: Session): Promise<Opened> {
    const secret = randomBytes(20).toString("base64url");
    const now = this.#clock.now();
    this.#sessions.set(digest(secret), session);
    try {
      await this.#transactions.transact((unit) => {
        unit.put(SESSIONS, digest(secret), session as unknown as Json);
        for (const [key, old] of this.#sessions) {
          if (old.expires >= now) continue;
          this.#sessions.delete(key);
          unit.delete(SESSIONS, key);
        }
      });
      return { session: secret, lasting: true };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { session: secret, lasting: false };
    }
  }

  #mustWait(address: string): Ms {
    const failures = this.#failures.get(address);
    if (failures === undefined) return 0;
    const age = this.#clock.monotonic() - failures.since;
    if (age > SIGN_IN.waitMs) {
      this.#failures.delete(address);
      return 0;
    }
    return failures.count >= SIGN_IN.failures ? SIGN_IN.waitMs - age : 0;
  }

  #countFailure(address: string): void {
    const known = this.#failures.get(address);
    this.#failures.set(address, { count: (known?.count ?? 0) + 1, since: this.#clock.monotonic() });
    if (this.#failures.size <= SIGN_IN.addresses) return;
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }
}

/** A hash that no password has. */
const NOBODY: PasswordHash = { salt: "", hash: Buffer.alloc(32).toString("base64"), n: 16_384, r: 8, p: 1 };

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
