import type { Clock, Store, Transactions, Unit } from "@tram/core";
import type { ClockTrust, CredentialRole, EpochMs, Json, TopicRights } from "@tram/protocol";
import { digestOf, fits, newSecret } from "./secret.ts";

const TABLE = "credentials";

/** What is kept of a credential; of its secret the SHA-256 alone. */
export interface Credential {
  readonly id: string;
  /** What uses it, in the words of whoever granted or claimed it. */
  readonly kind: string;
  readonly role: CredentialRole;
  /** Absent where the role says it. */
  readonly topics?: TopicRights;
  readonly digest: string;
  readonly createdAt: EpochMs;
  readonly clock: ClockTrust;
  readonly createdBy: string;
  /** Of the client certificate that was issued with it, as `serialOf` writes it. */
  readonly certificate?: string;
}

/** What a new credential is to be. */
export type CredentialSpec = Pick<Credential, "id" | "kind" | "role" | "createdBy"> & {
  readonly topics?: TopicRights | undefined;
  readonly certificate?: string | undefined;
};

/** A digest that no secret has: unknown names cost the same comparison as known ones. */
const NOBODY = digestOf(newSecret());

/** The credentials that devices and programs were given: one each, kept durably, known in memory. */
export class Credentials {
  readonly #clock: Clock;
  readonly #transactions: Transactions;
  readonly #entries = new Map<string, Credential>();
  readonly #lastSeen = new Map<string, EpochMs>();

  constructor(parts: { clock: Clock; transactions: Transactions }) {
    this.#clock = parts.clock;
    this.#transactions = parts.transactions;
  }

  async restore(store: Store): Promise<void> {
    for (const [id, value] of await store.entries(TABLE)) {
      this.#entries.set(id, value as unknown as Credential);
    }
  }

  get(id: string): Credential | undefined {
    return this.#entries.get(id);
  }

  all(): Iterable<Credential> {
    return this.#entries.values();
  }

  /** Whether this is the secret of the credential, compared in constant time. */
  verify(id: string, secret: Uint8Array): boolean {
    const found = this.#entries.get(id);
    const equal = fits(secret, found?.digest ?? NOBODY);
    return found !== undefined && equal;
  }

  /** Whether a certificate is the one that was issued with the credential: an older one of the same name is not. */
  verifyCertificate(id: string, serial: string): boolean {
    const found = this.#entries.get(id);
    return found?.certificate !== undefined && found.certificate === serialOf(serial);
  }

  /**
   * Makes a credential, in the place of one with the same id. It counts once it is durable.
   * @param also further writes of the same unit.
   * @returns its secret, this once.
   * @throws {StoreError} when it was not kept: then nothing has changed.
   */
  async grant(spec: CredentialSpec, also: (unit: Unit) => void): Promise<string> {
    const secret = newSecret();
    const { id, kind, role, topics, createdBy, certificate } = spec;
    const credential: Credential = {
      id,
      kind,
      role,
      ...(topics === undefined ? {} : { topics }),
      digest: digestOf(secret),
      createdAt: this.#clock.now(),
      clock: this.#clock.trust,
      createdBy,
      ...(certificate === undefined ? {} : { certificate: serialOf(certificate) }),
    };
    await this.#transactions.transact((unit) => {
      unit.propose(TABLE, id, credential as unknown as Json);
      unit.require("power");
      also(unit);
    });
    this.#entries.set(id, credential);
    this.#lastSeen.delete(id);
    return secret;
  }

  /**
   * Takes a credential away, at once.
   * @param also further writes of the same unit.
   * @throws {StoreError} when the store does not keep that: a power cut could bring it back.
   */
  async revoke(id: string, also: (unit: Unit) => void): Promise<void> {
    this.#entries.delete(id);
    this.#lastSeen.delete(id);
    await this.#transactions.transact((unit) => {
      unit.delete(TABLE, id);
      unit.require("power");
      also(unit);
    });
  }

  seen(id: string): void {
    if (this.#entries.has(id)) this.#lastSeen.set(id, this.#clock.now());
  }

  /** When it last logged in since the start. Not kept: it would wear the flash at each reconnection. */
  lastSeen(id: string): EpochMs | undefined {
    return this.#lastSeen.get(id);
  }
}

/** A serial number in one form: authorities and libraries write it with colons, capitals or zeros in front. */
export function serialOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^0-9a-f]/g, "")
    .replace(/^0+(?=.)/, "");
}
