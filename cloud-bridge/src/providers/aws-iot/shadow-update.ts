import { type Json, type JsonObject, jsonEqual } from "@tram/protocol";
import { AWS_LIMITS } from "./limits.ts";
import {
  merged,
  patchOf,
  type ShadowDocument,
  type ShadowPath,
  shadowBytes,
  treeOf,
} from "./shadow-document.ts";
import { bytesOf, ShadowDraft } from "./shadow-draft.ts";

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
}

export interface UpdateTerms {
  /** One of them at a time. */
  readonly singly: boolean;
}

/** Bytes of one update; the token and the version come on top. */
const UPDATE_BYTES = 7_600;

/** Takes from the queues what differs from `cloud` and fits into one update; the rest of them stays. */
export function composeUpdate<Ticket>(
  cloud: ShadowDocument,
  { takings, reports }: UpdateQueues<Ticket>,
  terms: UpdateTerms,
): ComposedUpdate<Ticket> {
  const taken = composeTakings(new ShadowDraft(cloud.desired), takings, terms);
  const so = { beside: taken.update, total: shadowBytes(cloud) + taken.grown };
  const told = composeReports(new ShadowDraft(cloud.reported), reports, { ...terms, ...so });
  return {
    desired: taken.update,
    reported: told.update,
    takings: taken.parts,
    reports: told.parts,
    done: [...taken.done, ...told.done],
    misfits: told.misfits,
  };
}

function composeTakings<Ticket>(
  after: ShadowDraft,
  takings: UpdateQueues<Ticket>["takings"],
  { singly }: UpdateTerms,
) {
  const parts: Report<Ticket>[] = [];
  const done: Ticket[] = [];
  const update = new ShadowDraft();
  let bytes = 0;
  let grown = 0;
  for (const [key, taking] of takings) {
    if (parts.length > 0 && (singly || bytes > UPDATE_BYTES / 2)) break;
    takings.delete(key);
    const { path, value, tickets } = taking;
    if (!jsonEqual(after.valueAt(path), value)) {
      done.push(...tickets);
      continue;
    }
    bytes += bytesOf(treeOf(path, null));
    grown += after.set(path, undefined);
    update.add(path, null);
    parts.push(taking);
  }
  return { parts, done, grown, update: update.json() };
}

/** @param terms `beside`: what the same update has for the other section; `total`: bytes of the shadow before. */
function composeReports<Ticket>(
  after: ShadowDraft,
  reports: UpdateQueues<Ticket>["reports"],
  { beside, total, singly }: UpdateTerms & { readonly beside: JsonObject; readonly total: number },
) {
  const parts: Report<Ticket>[] = [];
  const done: Ticket[] = [];
  const misfits: { tickets: readonly Ticket[]; bytes: number }[] = [];
  const update = new ShadowDraft();
  let bytes = bytesOf(beside);
  let size = total;
  const companion = Object.keys(beside).length > 0;
  for (const [key, report] of reports) {
    const { path, value, tickets } = report;
    const before = after.valueAt(path);
    const difference = patchOf(before, value);
    if (difference === undefined) {
      reports.delete(key);
      done.push(...tickets);
      continue;
    }
    const added = bytesOf(treeOf(path, difference));
    const first = parts.length === 0 && !companion;
    if (!first && (singly || bytes + added > UPDATE_BYTES)) break;
    reports.delete(key);
    const replaced = after.replacedAt(path);
    const grown = after.set(path, merged(before, difference));
    // What makes a shadow smaller may go into one that is too large.
    if (size + grown > AWS_LIMITS.shadowBytes && grown > 0) {
      after.set(replaced.path, replaced.value);
      misfits.push({ tickets, bytes: size + grown });
      continue;
    }
    size += grown;
    bytes += added;
    update.add(path, difference);
    parts.push(report);
  }
  return { parts, done, misfits, update: update.json() };
}
