import type { TopicRights } from "@tram/protocol";
import type { Account } from "../../config/settings.ts";
import { ANONYMOUS } from "./pair-topics.ts";
import type { Identity } from "./role-rights.ts";
import { digestOf, fits } from "./secret.ts";

interface Entry {
  readonly identity: Identity;
  readonly digest: string;
}

/** A digest that nothing typed has. */
const NOBODY = "-".repeat(64);

/** The accounts that stand in the configuration. */
export class FixedAccounts {
  readonly #entries = new Map<string, Entry>();
  readonly #anonymous: boolean;

  constructor(accounts: readonly Account[], options: { readonly anonymous: boolean }) {
    this.#anonymous = options.anonymous;
    for (const { username, password, role, topics } of accounts) {
      const identity = {
        id: username,
        role,
        ...(topics === undefined || role !== "device" ? {} : { topics: ofPrefixes(topics) }),
      };
      // Their passwords stand in clear in the configuration: the digest only makes them of equal length.
      this.#entries.set(username, { identity, digest: digestOf(password) });
    }
  }

  /** Everybody without a name may enter. */
  get anonymous(): boolean {
    return this.#anonymous;
  }

  get(username: string): Identity | undefined {
    if (username === ANONYMOUS) return this.#anonymous ? { id: ANONYMOUS, role: "service" } : undefined;
    return this.#entries.get(username)?.identity;
  }

  all(): readonly Identity[] {
    return [...this.#entries.values()].map(({ identity }) => identity);
  }

  /** Whether this is the account's password, compared in constant time. */
  verify(username: string, password: Uint8Array): boolean {
    const entry = this.#entries.get(username);
    // Unknown names cost the same comparison, so that time does not tell which names exist.
    const equal = fits(password, entry?.digest ?? NOBODY);
    return entry !== undefined && equal;
  }
}

/** Prefixes of the configuration, with or without a slash at the end, as filters. */
function ofPrefixes(prefixes: readonly string[]): TopicRights {
  const filters = prefixes.map((prefix) => `${prefix.replace(/\/+#?$/, "")}/#`);
  return { read: filters, write: filters };
}
