import type { Json } from "@tram/protocol";
import type { ShadowPath } from "./shadow-document.ts";
import type { Report } from "./shadow-update.ts";
import { keyOf } from "./shadow-wishes.ts";

/** Wishes that are to leave one shadow; what finds no place is found again when the shadow says what it still wants. */
const MOST_TAKINGS = 256;

/** What a shadow is still to be told, one thing a property. */
export class ShadowQueues<Ticket> {
  /** To be written into `reported`. */
  readonly reports = new Map<string, Report<Ticket>>();
  /** To be removed from `desired`, where it still has this value. */
  readonly takings = new Map<string, Report<Ticket>>();

  get isEmpty(): boolean {
    return this.reports.size === 0 && this.takings.size === 0;
  }

  /** Whoever waits for an older value of the property waits for this one. */
  report(path: ShadowPath, value: Json, tickets: readonly Ticket[] = []): void {
    const key = keyOf(path);
    const before = this.reports.get(key)?.tickets ?? [];
    this.reports.set(key, { path, value, tickets: [...before, ...tickets] });
  }

  /** What is to leave `reported`, before all else: a shadow that is full has room for the house then. */
  remove(paths: readonly ShadowPath[]): void {
    const others = [...this.reports];
    this.reports.clear();
    for (const path of paths) this.report(path, null);
    for (const [key, report] of others) this.reports.set(key, report);
  }

  take(path: ShadowPath, value: Json, tickets: readonly Ticket[] = []): void {
    const key = keyOf(path);
    const before = this.takings.get(key);
    if (before === undefined && tickets.length === 0 && this.takings.size >= MOST_TAKINGS) return;
    this.takings.set(key, { path, value, tickets: [...(before?.tickets ?? []), ...tickets] });
  }

  /** What was not written is still to be written; the newer value of a property stays. */
  putBack(parts: {
    readonly reports: readonly Report<Ticket>[];
    readonly takings: readonly Report<Ticket>[];
  }): void {
    for (const what of ["reports", "takings"] as const) {
      const queue = this[what];
      for (const part of parts[what]) {
        const key = keyOf(part.path);
        const newer = queue.get(key);
        queue.set(key, { ...(newer ?? part), tickets: [...part.tickets, ...(newer?.tickets ?? [])] });
      }
    }
  }

  /** Takes every ticket; what they stand for stays to be done. */
  dropTickets(): readonly Ticket[] {
    const tickets: Ticket[] = [];
    for (const parts of [this.reports, this.takings]) {
      for (const [key, part] of parts) {
        tickets.push(...part.tickets);
        parts.set(key, { ...part, tickets: [] });
      }
    }
    return tickets;
  }

  clear(): void {
    this.reports.clear();
    this.takings.clear();
  }
}
