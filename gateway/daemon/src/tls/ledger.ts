import type { Clock } from "@tram/core";
import type { EpochMs, Ms } from "@tram/protocol";

const DAY_MS: Ms = 86_400_000;

/** What was issued, and what was taken back. */
export interface IssuedCertificate {
  readonly serial: string;
  /** Common name: the account. */
  readonly id: string;
  /** ISO 8601. */
  readonly notAfter: string;
  readonly revokedAt?: string;
  /** Serial number of the authority that signed it. */
  readonly authority: string;
}

/** The authority before this one. What it signed counts for a while. */
export interface PreviousAuthority {
  /** PEM. */
  readonly certificate: string;
  readonly overlapDays: number;
  /** ISO 8601. Undefined until the clock is believed: only then the days can be counted. */
  readonly until?: string;
}

/** What the authority must remember besides its key. */
export interface Ledger {
  readonly issued: readonly IssuedCertificate[];
  readonly previous?: PreviousAuthority | undefined;
}

/** @param where is named in the error. @throws {Error} when the text is not a ledger. */
export function readLedger(text: string, where: string): Ledger {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${where}: expected JSON: ${(cause as Error).message}`, { cause });
  }
  const issued = (found as Partial<Ledger> | null)?.issued;
  if (!Array.isArray(issued)) throw new Error(`${where}: issued: expected a list, found ${typeof issued}`);
  return found as Ledger;
}

/** With the end of the overlap, once that can be told. */
export function dated(previous: PreviousAuthority, clock: Pick<Clock, "now" | "trust">): PreviousAuthority {
  if (clock.trust === "untrusted") return previous;
  return { ...previous, until: new Date(clock.now() + previous.overlapDays * DAY_MS).toISOString() };
}

/** Takes back what matches and was not taken back before. */
export function takeBack(
  ledger: Ledger,
  at: EpochMs,
  matches: (certificate: IssuedCertificate) => boolean,
): { readonly ledger: Ledger; readonly hit: readonly IssuedCertificate[] } {
  const hit = ledger.issued.filter((each) => each.revokedAt === undefined && matches(each));
  const revokedAt = new Date(at).toISOString();
  const issued = ledger.issued.map((each) => (hit.includes(each) ? { ...each, revokedAt } : each));
  return { ledger: hit.length === 0 ? ledger : { ...ledger, issued }, hit };
}

/** Serial numbers that were taken back. */
export function revokedSerials({ issued }: Ledger): ReadonlySet<string> {
  return new Set(issued.flatMap(({ revokedAt, serial }) => (revokedAt === undefined ? [] : [serial])));
}

/** The newest certificate of each account, where it has expired: an older one does not count beside it. */
export function expired({ issued }: Ledger, now: EpochMs): readonly IssuedCertificate[] {
  const newest = new Map(issued.map((each) => [each.id, each]));
  return [...newest.values()].filter(
    ({ notAfter, revokedAt }) => revokedAt === undefined && Date.parse(notAfter) < now,
  );
}
