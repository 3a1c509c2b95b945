import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "@tram/core";
import type { Ms, Scope } from "@tram/protocol";
import type { Principal } from "./people.ts";
import { withImplied } from "./scopes.ts";

/** How long a ticket is good for, and how many may wait to be used. */
export const TICKET = { validMs: 30_000, waiting: 64 } as const;
/** How long the token of a page is good for, and how many pages may have one. */
export const PAGE_TOKEN = { validMs: 60 * 60_000, kept: 256 } as const;

interface Kept {
  readonly principal: Principal;
  readonly until: Ms;
}

/**
 * Lets people in who are signed in elsewhere on this machine (LuCI): the other program asks for a ticket over the local
 * socket, the browser brings it once. Nothing of this is kept over a restart.
 */
export class Tickets {
  readonly #clock: Clock;
  readonly #tickets = new Map<string, Kept>();
  readonly #pages = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes a ticket. When too many wait, the oldest is void. */
  issue(name: string, scopes: readonly Scope[]): string {
    return this.#keep(this.#tickets, { name, scopes: withImplied(scopes) }, TICKET.validMs, TICKET.waiting);
  }

  /** Takes a ticket: it is good once. */
  redeem(ticket: string): Principal | undefined {
    const key = digest(ticket);
    const found = this.#tickets.get(key);
    this.#tickets.delete(key);
    return found === undefined || this.#clock.monotonic() > found.until ? undefined : found.principal;
  }

  /** A token for the page that brought a ticket; it sends it with each request. */
  openPage(principal: Principal): string {
    return this.#keep(this.#pages, principal, PAGE_TOKEN.validMs, PAGE_TOKEN.kept);
  }

  byPageToken(token: string): Principal | undefined {
    const key = digest(token);
    const found = this.#pages.get(key);
    if (found === undefined) return undefined;
    if (this.#clock.monotonic() <= found.until) return found.principal;
    this.#pages.delete(key);
    return undefined;
  }

  #keep(shelf: Map<string, Kept>, principal: Principal, validMs: Ms, most: number): string {
    const secret = randomBytes(20).toString("base64url");
    const now = this.#clock.monotonic();
    for (const [key, { until }] of shelf) if (until < now) shelf.delete(key);
    const [oldest] = shelf.keys();
    if (shelf.size >= most && oldest !== undefined) shelf.delete(oldest);
    // By its digest: a comparison of secrets would tell by its time how much of one is right.
    shelf.set(digest(secret), { principal, until: now + validMs });
    return secret;
  }
}

function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("base64");
}
