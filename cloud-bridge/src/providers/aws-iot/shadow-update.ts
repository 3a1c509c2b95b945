import { isJsonObject, type Json, type JsonObject, jsonEqual } from "@tram/protocol";
import { AWS_LIMITS } from "./limits.ts";
import {
  mergedSection,
  patchOf,
  type ShadowDocument,
  type ShadowPath,
  shadowBytes,
  treeOf,
  valueAt,
} from "./shadow-document.ts";

/** A value that is to be in a shadow, or to leave it, and who waits for that. */
export interface Report<Ticket> {
  readonly path: ShadowPath;
  readonly value: Json;
  readonly tickets: readonly Ticket[];
}

/** One update, and what it is made of. */
export interface UpdateParts<Ticket> {
  readonly desired: JsonObject;
  readonly reported: JsonObject;
  readonly takings: readonly Report<Ticket>[];
  readonly reports: readonly Report<Ticket>[];
}

export interface ComposedUpdate<Ticket> extends UpdateParts<Ticket> {
  /** What they wait for is so already. */
  readonly done: readonly Ticket[];
  /** The shadow would have so many bytes, which is too many. */
  readonly misfits: readonly { readonly tickets: readonly Ticket[]; readonly bytes: number }[];
}

export interface UpdateQueues<Ticket> {
  /** To be removed from `desired`, where it still has this value. */
  readonly takings: Map<string, Report<Ticket>>;
  /** To be written into `reported`. */
  readonly reports: Map<string, Report<Ticket>>;
  /** One of them at a time. */
  readonly singly: boolean;
}

/** Bytes of one update; the token and the version come on top. */
const UPDATE_BYTES = 7_600;

/** Takes from the queues what differs from `cloud` and fits into one update; the rest of them stays. */
export function composeUpdate<Ticket>(
  cloud: ShadowDocument,
  queues: UpdateQueues<Ticket>,
): ComposedUpdate<Ticket> {
  const taken = composeTakings(cloud.desired, queues);
  const told = composeReports({ desired: taken.after, reported: cloud.reported }, taken.update, queues);
  return {
    desired: taken.update,
    reported: told.update,
    takings: taken.parts,
    reports: told.parts,
    done: [...taken.done, ...told.done],
    misfits: told.misfits,
  };
}

function composeTakings<Ticket>(desired: JsonObject, { takings, singly }: UpdateQueues<Ticket>) {
  const parts: Report<Ticket>[] = [];
  const done: Ticket[] = [];
  let update: JsonObject = {};
  let bytes = 0;
  let after = desired;
  for (const [key, taking] of takings) {
    if (parts.length > 0 && (singly || bytes > UPDATE_BYTES / 2)) break;
    takings.delete(key);
    const { path, value, tickets } = taking;
    if (!jsonEqual(valueAt(after, path), value)) {
      done.push(...tickets);
      continue;
    }
    const patch = treeOf(path, null);
    bytes += bytesOf(patch);
    after = mergedSection(after, patch);
    update = joined(update, patch);
    parts.push(taking);
  }
  return { parts, done, update, after };
}

/** @param beside what the same update has for the other section. */
function composeReports<Ticket>(
  { desired, reported }: { readonly desired: JsonObject; readonly reported: JsonObject },
  beside: JsonObject,
  { reports, singly }: UpdateQueues<Ticket>,
) {
  const parts: Report<Ticket>[] = [];
  const done: Ticket[] = [];
  const misfits: { tickets: readonly Ticket[]; bytes: number }[] = [];
  let update: JsonObject = {};
  let after = reported;
  let bytes = bytesOf(beside);
  const companion = Object.keys(beside).length > 0;
  // An upper bound: a shadow never grows by more than the update.
  let total = shadowBytes({ desired, reported });
  for (const [key, report] of reports) {
    const difference = patchOf(valueAt(after, report.path), report.value);
    if (difference === undefined) {
      reports.delete(key);
      done.push(...report.tickets);
      continue;
    }
    const patch = treeOf(report.path, difference);
    const added = bytesOf(patch);
    const first = parts.length === 0 && !companion;
    if (!first && (singly || bytes + added > UPDATE_BYTES)) break;
    reports.delete(key);
    const next = mergedSection(after, patch);
    total += added;
    if (total > AWS_LIMITS.shadowBytes) {
      const before = shadowBytes({ desired, reported: after });
      total = shadowBytes({ desired, reported: next });
      // What makes a shadow smaller may go into one that is too large.
      if (total > AWS_LIMITS.shadowBytes && total > before) {
        misfits.push({ tickets: report.tickets, bytes: total });
        total = before;
        continue;
      }
    }
    bytes += added;
    after = next;
    update = joined(update, patch);
    parts.push(report);
  }
  return { parts, done, misfits, update };
}

/** Two updates as one: unlike in a document, `null` stays. */
function joined(one: JsonObject, other: JsonObject): JsonObject {
  const result = new Map<string, Json>(Object.entries(one));
  for (const [key, value] of Object.entries(other)) {
    const before = result.get(key);
    result.set(key, isJsonObject(before) && isJsonObject(value) ? joined(before, value) : value);
  }
  return Object.fromEntries(result);
}

function bytesOf(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}
