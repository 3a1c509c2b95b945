import { setImmediate } from "node:timers/promises";
import type { Clock, Log, Store, Transactions, Unit } from "@tram/core";
import type { AuditView, EpochMs, Json } from "@tram/protocol";
import { RowBlocks } from "./row-blocks.ts";

const LOG = "audit";
/** So many entries are given out at once, at most. */
export const AUDIT_MOST = 5_000;
/**
 * What is kept; the oldest go first. In bytes, of the entries with what the store needs for each: pages of the database
 * are not full, and 4 MB of disk hold this much.
 */
export const AUDIT_BYTES = 2_600_000;
/** Position, name of the log and lengths, in the store. In bytes. */
const ROW_BYTES = 24;
/** Longest text of an entry: part of it may come from outside. In characters. */
const LONGEST = 200;
/** Entries that are read at once where they are searched or measured. */
const PAGE_ROWS = 500;

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
  | "household-changed"
  | "mapping-changed"
  | "mapping-removed"
  | "parked-resent"
  | "parked-discarded"
  | "administrator-created"
  | "setup-opened"
  | "setup-refused"
  | "signed-in"
  | "sign-in-refused"
  | "signed-out"
  | "token-created"
  | "token-revoked"
  | "command"
  | "rule-commands"
  | "rule-edited"
  | "config-changed"
  | "backup-taken"
  | "backup-restored"
  | "bundle-taken"
  | "cloud-added"
  | "cloud-removed"
  | "cloud-renewed"
  | "cloud-refused"
  | "cloud-read";

/** Something that somebody did, or was not let do. Never a secret. */
export interface AuditEntry {
  readonly action: AuditAction;
  /** Whom or what it is about: an account, a topic, a property. */
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

/** Which entries somebody wants to see. */
export interface AuditFilter {
  readonly action?: string | undefined;
  readonly by?: string | undefined;
  readonly since?: EpochMs | undefined;
}

const REFUSALS: readonly AuditAction[] = [
  "login-refused",
  "publish-denied",
  "subscribe-denied",
  "claim-refused",
  "setup-refused",
  "sign-in-refused",
  "cloud-refused",
];
/** The log has no line for each message. */
const FREQUENT: readonly AuditAction[] = ["command", "rule-commands"];

/**
 * What was done and who did it; who was let in, who was turned away, and who decided so: an append log of the store,
 * bounded. What repeats comes here through a `RepeatFilter`, so that nobody wears out the flash by knocking.
 */
export class AuditLog {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #transactions: Transactions;
  readonly #store: Store;
  readonly #blocks = new RowBlocks();
  /** Written before it was known how much there is. */
  #unmeasured: [seq: number, bytes: number][] | undefined = [];
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

  /** Finds out how much there is; until then nothing goes. A house that starts need not wait for it. */
  async measure(): Promise<void> {
    const end = this.#last;
    for (let after = 0; ; ) {
      const rows = await this.#store.rows(LOG, { after, limit: PAGE_ROWS });
      for (const { seq, value } of rows) if (seq <= end) this.#blocks.add(seq, bytesOf(value));
      after = rows.at(-1)?.seq ?? after;
      if (rows.length < PAGE_ROWS || after > end) break;
      await setImmediate(); // Reading takes the one thread that answers everybody.
    }
    for (const [seq, bytes] of this.#unmeasured ?? []) this.#blocks.add(seq, bytes);
    this.#unmeasured = undefined;
  }

  /** What is kept, in bytes as `AUDIT_BYTES` counts them. */
  get bytes(): number {
    return this.#blocks.bytes;
  }

  /** Writes an entry by itself. When the store does not keep it, the log line is all that is left. */
  readonly audit: Audit = (entry) => {
    void this.#transactions.record((unit) => this.into(unit, entry));
  };

  /** Writes an entry into the unit of what it tells about: both are kept, or neither. */
  into(unit: Unit, entry: AuditEntry): void {
    const row = this.#row(entry);
    const value = row as unknown as Json;
    unit.append(LOG, ++this.#last, value);
    const bytes = bytesOf(value);
    if (this.#unmeasured !== undefined) this.#unmeasured.push([this.#last, bytes]);
    else {
      this.#blocks.add(this.#last, bytes);
      for (const seq of this.#blocks.trim(AUDIT_BYTES)) this.#remove(unit, seq);
    }
    const { time: _time, clock: _clock, ...shown } = row;
    if (REFUSALS.includes(entry.action)) this.#log.warn(shown, "refused");
    else if (FREQUENT.includes(entry.action)) this.#log.debug(shown, "audit");
    else this.#log.info(shown, "audit");
  }

  /** The newest entries that pass the filter, the newest first. */
  async read(limit: number, filter: AuditFilter = {}): Promise<readonly AuditView[]> {
    const found: AuditView[] = [];
    for (let end = this.#last; end >= this.#oldest && found.length < limit; end -= PAGE_ROWS) {
      const rows = await this.#store.rows(LOG, { after: Math.max(0, end - PAGE_ROWS), limit: PAGE_ROWS });
      for (const { seq, value } of [...rows].reverse()) {
        const entry = value as unknown as AuditView;
        if (seq <= end && passes(entry, filter)) found.push(entry);
      }
    }
    return found.slice(0, limit);
  }

  #remove(unit: Unit, seq: number): void {
    unit.remove(LOG, seq);
    this.#oldest = seq + 1;
  }

  #row({ action, subject, by, address, detail, count }: AuditEntry): AuditView {
    return {
      time: new Date(this.#clock.now()).toISOString(),
      clock: this.#clock.trust,
      action,
      subject: clip(subject),
      by: clip(by),
      ...(address === undefined || address === "" ? {} : { address: clip(address) }),
      ...(detail === undefined ? {} : { detail: clip(detail) }),
      ...(count === undefined ? {} : { count }),
    };
  }
}

function passes(entry: AuditView, { action, by, since }: AuditFilter): boolean {
  return (
    (action === undefined || entry.action === action) &&
    (by === undefined || entry.by === by) &&
    (since === undefined || Date.parse(entry.time) >= since)
  );
}

function bytesOf(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value)) + ROW_BYTES;
}

/** One line, bounded: names and topics come from whoever knocks, and are printed on terminals. */
export function clip(text: string, longest = LONGEST): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal.
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?");
  return line.length > longest ? `${line.slice(0, longest)}...` : line;
}
