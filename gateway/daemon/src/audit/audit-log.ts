import type { Clock, Log, Store, Transactions, Unit } from "@tram/core";
import type { AuditView, Json } from "@tram/protocol";

const LOG = "audit";
/** So many entries are kept; the oldest go first. About 1 MB. */
export const AUDIT_ROWS = 5_000;
/** Longest text of an entry: part of it may come from outside. In characters. */
const LONGEST = 200;

export type AuditAction =
  | "pairing-opened"
  | "pairing-closed"
  | "claim-refused"
  | "credential-granted"
  | "credential-replaced"
  | "credential-revoked"
  | "credential-withdrawn"
  | "login-refused"
  | "publish-denied"
  | "subscribe-denied"
  | "authority-created"
  | "broker-certificate-renewed"
  | "certificate-issued"
  | "certificate-revoked"
  | "household-changed";

/** What happened to somebody's rights. Never a secret. */
export interface AuditEntry {
  readonly action: AuditAction;
  /** Whom or what it is about: an account, a topic. */
  readonly subject: string;
  /** Who did it: a person, a client, `gateway`. */
  readonly by: string;
  readonly address?: string | undefined;
  readonly detail?: string | undefined;
  /** So many times since the entry before. */
  readonly count?: number | undefined;
}

/** Writes one entry. What it is given is kept as text, so it must hold no secret. */
export type Audit = (entry: AuditEntry) => void;

const REFUSALS: readonly AuditAction[] = [
  "login-refused",
  "publish-denied",
  "subscribe-denied",
  "claim-refused",
];

/**
 * Who was let in, who was turned away, and who decided so: an append log of the store, bounded. What was denied comes
 * here through a `RepeatFilter`, so that nobody wears out the flash by knocking.
 */
export class AuditLog {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #transactions: Transactions;
  readonly #store: Store;
  #last = 0;
  #oldest = 1;

  constructor(parts: { clock: Clock; log: Log; transactions: Transactions; store: Store }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#transactions = parts.transactions;
    this.#store = parts.store;
  }

  /** Finds the place to go on at. */
  async restore(): Promise<void> {
    const { last } = await this.#store.extent(LOG);
    // Rows that the store did not keep left gaps: the number of rows does not tell where they begin.
    const [oldest] = await this.#store.rows(LOG, { after: 0, limit: 1 });
    this.#last = last;
    this.#oldest = oldest?.seq ?? last + 1;
  }

  /** Writes an entry by itself. When the store does not keep it, the log line is all that is left. */
  readonly audit: Audit = (entry) => {
    void this.#transactions.record((unit) => this.into(unit, entry));
  };

  /** Writes an entry into the unit of what it tells about: both are kept, or neither. */
  into(unit: Unit, entry: AuditEntry): void {
    const row = this.#row(entry);
    unit.append(LOG, ++this.#last, row as unknown as Json);
    for (; this.#last - this.#oldest >= AUDIT_ROWS; this.#oldest++) unit.remove(LOG, this.#oldest);
    const { time: _time, clock: _clock, ...shown } = row;
    if (REFUSALS.includes(entry.action)) this.#log.warn(shown, "refused");
    else this.#log.info(shown, "audit");
  }

  /** The newest entries, the newest first. */
  async read(limit: number): Promise<readonly AuditView[]> {
    const after = Math.max(0, this.#last - limit);
    const rows = await this.#store.rows(LOG, { after, limit });
    return rows.map(({ value }) => value as unknown as AuditView).reverse();
  }

  #row({ action, subject, by, address, detail, count }: AuditEntry): AuditView {
    return {
      time: new Date(this.#clock.now()).toISOString(),
      clock: this.#clock.trust,
      action,
      subject: clip(subject),
      by: clip(by),
      ...(address === undefined ? {} : { address: clip(address) }),
      ...(detail === undefined ? {} : { detail: clip(detail) }),
      ...(count === undefined ? {} : { count }),
    };
  }
}

/** One line, bounded: names and topics come from whoever knocks, and are printed on terminals. */
function clip(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal.
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?");
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line;
}
