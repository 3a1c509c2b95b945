import type { CloudAnswer } from "@tram/core";
import { isJsonObject, type Json, type JsonObject, jsonEqual } from "@tram/protocol";
import { AWS_LIMITS } from "./limits.ts";
import {
  isVersion,
  mergedSection,
  misshapen,
  NO_SHADOW,
  readDocument,
  type ShadowDocument,
  type ShadowPath,
  section,
  shadowBytes,
  valueAt,
  wishesOf,
} from "./shadow-document.ts";
import { bytesOf } from "./shadow-draft.ts";
import { type ReportOutcome, type ShadowEffect, settle } from "./shadow-effect.ts";
import { ShadowQueues } from "./shadow-queues.ts";
import { composeUpdate, type Report, type UpdateParts } from "./shadow-update.ts";
import { type EndedWish, keyOf, ShadowWishes } from "./shadow-wishes.ts";

export interface ShadowMachineOptions {
  /** Names the shadow in ids and for people. */
  readonly label: string;
  /** Everything in `reported` is ours: what the house does not know is removed. */
  readonly owned: boolean;
  /** A client token that this connection has not used. */
  readonly token: () => string;
}

/** One request without an answer. */
type Flight<Ticket> =
  | { readonly kind: "get"; readonly token: string }
  | ({ readonly kind: "update"; readonly token: string } & UpdateParts<Ticket>);

/** Of a shadow that is looked at at all. */
const MOST_SHADOW_BYTES = 2 * AWS_LIMITS.shadowBytes;
/** Conflicts in a row before it waits: somebody writes faster than we read. */
const MOST_CONFLICTS = 5;

/**
 * One shadow: what the cloud has of it, what the house has, and the one request under way that brings them together.
 * It does nothing itself; each call returns what has to be done.
 */
export class ShadowMachine<Ticket> {
  readonly #options: ShadowMachineOptions;
  readonly #wishes: ShadowWishes;
  /** The last value of each property, as the house has it. `undefined`: it is there, and not fit to be told. */
  readonly #local = new Map<string, { readonly path: ShadowPath; readonly value: Json | undefined }>();
  readonly #queues = new ShadowQueues<Ticket>();
  #online = false;
  /** `undefined` until it was read. */
  #cloud: ShadowDocument | undefined;
  #flight: Flight<Ticket> | undefined;
  /** Why nothing is sent for now. */
  #paused: string | undefined;
  /** The house is busy: it is asked again later. */
  #asksHeld = false;
  #singly = false;
  #conflicts = 0;

  constructor(options: ShadowMachineOptions) {
    this.#options = options;
    this.#wishes = new ShadowWishes(options.label);
  }

  /** There is a connection. @param local all that the house has. */
  connected(local: Iterable<readonly [ShadowPath, Json | undefined]>): ShadowEffect<Ticket>[] {
    this.#online = true;
    this.#paused = undefined;
    this.#asksHeld = false;
    this.#singly = false;
    this.#conflicts = 0;
    this.#cloud = undefined;
    this.#flight = undefined;
    this.#local.clear();
    for (const [path, value] of local) this.#local.set(keyOf(path), { path, value });
    this.#reportAll();
    return this.#next();
  }

  /** The connection is gone. Nothing of it is answered any more. */
  lost(reason: string): ShadowEffect<Ticket>[] {
    this.#online = false;
    const effects = this.abandon({ outcome: "retry", reason });
    this.#flight = undefined;
    this.#queues.clear(); // Of all this the shadow tells when it is read.
    return effects;
  }

  /** Nobody waits any longer; what is to be done stays to be done. */
  abandon(outcome: ReportOutcome): ShadowEffect<Ticket>[] {
    const tickets = [...this.#queues.dropTickets()];
    const flight = this.#flight;
    if (flight?.kind === "update") {
      const without = (part: Report<Ticket>): Report<Ticket> => ({ ...part, tickets: [] });
      tickets.push(...[...flight.reports, ...flight.takings].flatMap((part) => part.tickets));
      this.#flight = {
        ...flight,
        reports: flight.reports.map(without),
        takings: flight.takings.map(without),
      };
    }
    return settle(tickets, outcome);
  }

  /** The house has a new value. */
  report(path: ShadowPath, value: Json, ticket: Ticket): ShadowEffect<Ticket>[] {
    const key = keyOf(path);
    this.#local.set(key, { path, value });
    if (!this.#online) return settle([ticket], { outcome: "retry", reason: "not connected" });
    const problem = misshapen(path, value);
    if (problem !== undefined) return settle([ticket], { outcome: "misfit", reason: problem });
    const reason = this.#paused;
    this.#queues.report(path, value, reason === undefined ? [ticket] : []);
    return reason === undefined ? this.#next() : settle([ticket], { outcome: "misfit", reason });
  }

  /** The token of the request without an answer. */
  get awaits(): string | undefined {
    return this.#flight?.token;
  }

  /** Whether the house has told of this property before. */
  knows(path: ShadowPath): boolean {
    return this.#local.has(keyOf(path));
  }

  /** A request was accepted, ours or somebody else's. */
  accepted(operation: "get" | "update" | "delete", message: JsonObject): ShadowEffect<Ticket>[] {
    if (operation === "delete") {
      this.#cloud = undefined;
      this.#reportAll();
      return this.#next();
    }
    const flight = this.#flight;
    if (flight === undefined || flight.kind !== operation || flight.token !== message.clientToken) {
      return operation === "update" ? this.#noted(message) : [];
    }
    this.#flight = undefined;
    return flight.kind === "get" ? this.#gotDocument(message) : this.#updated(flight, message);
  }

  /** A message on a topic of rejected requests. @param code as HTTP has them. @param said by AWS. */
  rejected(token: unknown, code: number, said: string): ShadowEffect<Ticket>[] {
    const flight = this.#flight;
    if (flight === undefined || flight.token !== token) return [];
    this.#flight = undefined;
    const reason = `AWS IoT refused the shadow ${this.#options.label}: ${said} (${code})`;
    if (flight.kind === "get") {
      if (code === 404) {
        this.#cloud = NO_SHADOW;
        return this.#next();
      }
      return this.#pause(reason);
    }
    if (code === 409) {
      this.#queues.putBack(flight);
      this.#cloud = undefined;
      this.#conflicts++;
      return this.#conflicts > MOST_CONFLICTS ? this.#pause(reason) : this.#next();
    }
    if (code === 400 || code === 413) return this.#unacceptable(flight, reason);
    this.#queues.putBack(flight);
    return this.#pause(reason);
  }

  /** No answer came in time. */
  unanswered(token: string): ShadowEffect<Ticket>[] {
    const flight = this.#flight;
    if (flight === undefined || flight.token !== token) return [];
    this.#flight = undefined;
    if (flight.kind === "update") this.#queues.putBack(flight);
    // It may have been carried out: only reading tells.
    this.#cloud = undefined;
    return this.#pause(`AWS IoT did not answer for the shadow ${this.#options.label}`);
  }

  /** What is desired differs from what is reported. */
  delta(message: JsonObject): ShadowEffect<Ticket>[] {
    const cloud = this.#cloud;
    const { state, version } = message;
    if (cloud === undefined || !isJsonObject(state) || !isVersion(version)) return [];
    if (version < cloud.version) return [];
    const desired = mergedSection(cloud.desired, state);
    if (!this.#knows({ version, desired, reported: cloud.reported }, state)) return this.#tooLarge();
    return this.#wish(state, section(message.metadata));
  }

  /** The house has answered a wish. */
  answered(id: string, answer: CloudAnswer): ShadowEffect<Ticket>[] {
    const ended = this.#wishes.answered(id, answer);
    const effects = ended === undefined ? [] : this.#takeBack(ended);
    if (answer.outcome === "refused" && answer.code === "busy") {
      this.#asksHeld = true;
      return [...effects, { do: "later", reason: answer.reason }];
    }
    return [...effects, ...this.#next()];
  }

  /** A command that came of a wish has ended. @param ticket is settled when the shadow has it. */
  ended(
    wish: { readonly id: string; readonly path: ShadowPath; readonly value: Json },
    { fulfilled, readBack }: { readonly fulfilled: boolean; readonly readBack: boolean },
    ticket: Ticket,
  ): ShadowEffect<Ticket>[] {
    const { id, path, value } = wish;
    if (!this.#online) return settle([ticket], { outcome: "retry", reason: "not connected" });
    const key = keyOf(path);
    const latest = this.#wishes.ended(id, path, fulfilled);
    if (fulfilled && !readBack) this.#local.set(key, { path, value });
    if (fulfilled) this.#reportLocal(key);
    if (!latest) return [...settle([ticket], { outcome: "acknowledged" }), ...this.#next()];
    this.#queues.take(path, value, [ticket]);
    return this.#next();
  }

  /** Goes on after `later`. */
  wake(): ShadowEffect<Ticket>[] {
    this.#asksHeld = false;
    this.#conflicts = 0;
    if (this.#paused !== undefined) {
      this.#paused = undefined;
      this.#cloud = undefined;
      this.#reportAll();
    }
    return this.#next();
  }

  #gotDocument(message: JsonObject): ShadowEffect<Ticket>[] {
    const cloud = readDocument(message);
    if (cloud === undefined) {
      return this.#pause(`AWS IoT sent an unreadable shadow ${this.#options.label}`);
    }
    const delta = section(section(message.state).delta);
    if (!this.#knows(cloud, delta)) return this.#tooLarge();
    if (this.#options.owned) this.#removeUnknown(cloud.reported);
    this.#takeBackFulfilled(cloud.desired);
    const metadata = section(section(message.metadata).desired);
    return this.#wish(delta, metadata);
  }

  #updated(flight: Flight<Ticket> & { kind: "update" }, message: JsonObject): ShadowEffect<Ticket>[] {
    const cloud = this.#cloud;
    this.#conflicts = 0;
    // Where the shadow was deleted meanwhile, it is read again.
    if (cloud !== undefined) {
      this.#cloud = {
        version: isVersion(message.version) ? Math.max(cloud.version, message.version) : cloud.version,
        desired: mergedSection(cloud.desired, flight.desired),
        reported: mergedSection(cloud.reported, flight.reported),
      };
      // The house may have come to it by itself, before a wish for it was asked.
      this.#takeBackFulfilled(this.#cloud.desired);
    }
    const tickets = [...flight.reports, ...flight.takings].flatMap((part) => part.tickets);
    return [...settle(tickets, { outcome: "acknowledged" }), ...this.#next()];
  }

  /** Takes this for what the cloud has. @returns whether it has a size that a shadow may have: else nothing is kept. */
  #knows(cloud: ShadowDocument, delta: JsonObject = {}): boolean {
    const sound = Math.max(shadowBytes(cloud), bytesOf(delta)) <= MOST_SHADOW_BYTES;
    this.#cloud = sound ? cloud : undefined;
    return sound;
  }

  /** Where what was heard has added up to that, reading the shadow again mends it. */
  #tooLarge(): ShadowEffect<Ticket>[] {
    const found = `expected at most ${MOST_SHADOW_BYTES} bytes, twice what AWS IoT lets a shadow have`;
    return this.#pause(`the shadow ${this.#options.label}: ${found}`, "too-large");
  }

  /** Somebody else has changed the shadow. The delta tells what is to be done; what is done already only this tells. */
  #noted(message: JsonObject): ShadowEffect<Ticket>[] {
    const cloud = this.#cloud;
    const { version } = message;
    if (cloud === undefined || !isVersion(version) || version < cloud.version) return [];
    const update = section(section(message.state).desired);
    const desired = mergedSection(cloud.desired, update);
    if (!this.#knows({ version, desired, reported: cloud.reported })) return this.#tooLarge();
    this.#takeBackFulfilled(update);
    return this.#next();
  }

  /** A wish for what is so leaves the shadow, or it would come back when the house changes its mind. */
  #takeBackFulfilled(desired: JsonObject): void {
    const cloud = this.#cloud;
    if (cloud === undefined) return;
    for (const { path } of this.#local.values()) {
      const value = valueAt(desired, path);
      if (value === undefined || !jsonEqual(value, valueAt(cloud.reported, path))) continue;
      this.#queues.take(path, value);
    }
  }

  #wish(delta: JsonObject, metadata: JsonObject): ShadowEffect<Ticket>[] {
    const wishes = wishesOf(delta, this.#cloud?.reported ?? {}, metadata);
    const local = (path: ShadowPath): Json | undefined => this.#local.get(keyOf(path))?.value;
    const ended = this.#wishes.read(wishes, local);
    return [...ended.flatMap((wish) => this.#takeBack(wish)), ...this.#next()];
  }

  #takeBack(wish: EndedWish): ShadowEffect<Ticket>[] {
    this.#queues.take(wish.path, wish.value);
    this.#reportLocal(keyOf(wish.path));
    return wish.refusal === undefined ? [] : [{ do: "refuse", wish }];
  }

  #reportAll(): void {
    for (const key of this.#local.keys()) this.#reportLocal(key);
  }

  #reportLocal(key: string): void {
    const local = this.#local.get(key);
    if (local?.value === undefined || misshapen(local.path, local.value) !== undefined) return;
    this.#queues.report(local.path, local.value);
  }

  #removeUnknown(reported: JsonObject): void {
    const paths = Object.entries(reported).flatMap(([node, properties]): ShadowPath[] =>
      isJsonObject(properties) ? Object.keys(properties).map((property) => [node, property]) : [[node]],
    );
    const isKnown = (key: string): boolean => this.#local.has(key) || this.#queues.reports.has(key);
    this.#queues.remove(paths.filter((path) => !isKnown(keyOf(path))));
  }

  #next(): ShadowEffect<Ticket>[] {
    if (!this.#online) return [];
    const due = this.#asksHeld ? [] : this.#wishes.take();
    const asks = due.map((wish): ShadowEffect<Ticket> => ({ do: "ask", wish }));
    if (this.#flight !== undefined || this.#paused !== undefined) return asks;
    if (this.#cloud !== undefined) return [...asks, ...this.#compose(this.#cloud)];
    const token = this.#options.token();
    this.#flight = { kind: "get", token };
    return [...asks, { do: "get", token }];
  }

  /** One update with all that differs, as far as it fits. */
  #compose(cloud: ShadowDocument): ShadowEffect<Ticket>[] {
    if (this.#queues.isEmpty) {
      this.#singly = false;
      return [];
    }
    const { done, misfits, ...update } = composeUpdate(cloud, this.#queues, { singly: this.#singly });
    const effects = [
      ...settle(done, { outcome: "acknowledged" }),
      ...misfits.flatMap(({ tickets, bytes }) =>
        settle(tickets, { outcome: "misfit", reason: this.#full(bytes) }),
      ),
    ];
    const { takings, reports, desired, reported } = update;
    if (reports.length === 0 && takings.length === 0) {
      this.#singly = false;
      return effects;
    }
    const token = this.#options.token();
    this.#flight = { kind: "update", token, ...update };
    const state: JsonObject = {
      ...(takings.length === 0 ? {} : { desired }),
      ...(reports.length === 0 ? {} : { reported }),
    };
    // Only we write `reported`. `desired` is the cloud's: what it has written meanwhile must not be removed unseen.
    const version = takings.length === 0 || cloud.version === 0 ? {} : { version: cloud.version };
    return [...effects, { do: "update", token, body: { state, ...version, clientToken: token } }];
  }

  #full(bytes: number): string {
    return `the shadow ${this.#options.label} is full: it would have ${bytes} bytes of ${AWS_LIMITS.shadowBytes}`;
  }

  /** AWS does not take this update and never will: something in it is at fault. */
  #unacceptable(flight: Flight<Ticket> & { kind: "update" }, reason: string): ShadowEffect<Ticket>[] {
    if (flight.reports.length + flight.takings.length > 1) {
      this.#singly = true;
      this.#queues.putBack(flight);
      return this.#next();
    }
    return [
      ...settle(
        flight.reports.flatMap(({ tickets }) => tickets),
        { outcome: "misfit", reason },
      ),
      ...settle(
        flight.takings.flatMap(({ tickets }) => tickets),
        { outcome: "acknowledged" },
      ),
      ...this.#next(),
    ];
  }

  /** The shadow is of no use for a while. What it would have been told goes another way, and is told it later as well. */
  #pause(reason: string, code?: "too-large"): ShadowEffect<Ticket>[] {
    this.#paused = reason;
    const later = { do: "later", reason, ...(code === undefined ? {} : { code }) } as const;
    return [...settle(this.#queues.dropTickets(), { outcome: "misfit", reason }), later];
  }
}
