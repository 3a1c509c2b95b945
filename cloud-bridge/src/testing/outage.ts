import { isDeepStrictEqual } from "node:util";
import { type CloudMessage, type MessageClass, Unit } from "@tram/core";
import { isJsonObject } from "@tram/protocol";
import { MemoryStore, NO_REQUESTS, VirtualClock } from "@tram/testkit";
import { Link } from "../link.ts";
import { DEFAULT_LIMITS, type Draft, type Outbox, type OutboxOptions, openOutbox } from "../outbox.ts";
import { freeLine } from "./free-line.ts";
import { GatedStore } from "./gated-store.ts";
import { LossyCloud } from "./lossy-cloud.ts";
import { QuietLog } from "./quiet-log.ts";

/** A message that the house was told is kept. */
export interface Promised {
  readonly id: string;
  readonly draft: Draft;
}

export interface OutageOptions {
  readonly messages: number;
  /** In seconds. */
  readonly everyS: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly thinning?: OutboxOptions["thinning"];
  /** Of the time, what the outage takes; in the rest the line is there, and dies again and again. Default 0.98. */
  readonly outage?: number;
  /** Breaks the queue of each process on purpose. */
  readonly sabotage?: (outbox: Outbox, store: GatedStore) => void;
}

export interface OutageReport {
  readonly promised: readonly Promised[];
  readonly arrived: readonly CloudMessage[];
  readonly dropped: number;
  readonly kills: number;
  readonly cuts: number;
}

/** Messages that are said in one go; their times are apart all the same. */
const TOGETHER = 20;
const THINGS = 8;

/** What the house says, now and then an alarm. */
function draftOf(number: number, time: number, random: () => number): Draft {
  const thing = `thing-${Math.floor(random() * THINGS)}`;
  const dice = random();
  const messageClass: MessageClass =
    dice < 0.03 ? "alarm" : dice < 0.06 ? "reply" : dice < 0.12 ? "state" : "telemetry";
  const name = `n/p${Math.floor(random() * 3)}`;
  return { class: messageClass, group: thing, thing, name, time, value: number, quality: "good" };
}

/**
 * A long outage in virtual time, and the way out of it: the process is killed at random, what it had under way is lost, the
 * line dies without a word at every stage of a message's way. It ends when the queue is empty.
 */
export async function runOutage(options: OutageOptions): Promise<OutageReport> {
  const { messages, everyS, outage = 0.98, random } = options;
  const clock = new VirtualClock();
  const memory = new MemoryStore();
  const cloud = new LossyCloud();
  const promised: Promised[] = [];
  let [kills, cuts, openings] = [0, 0, 0];
  let doomed = false;

  const start = async () => {
    const store = new GatedStore(memory);
    const window = random() < 0.5 ? 1 : 10;
    const way = cloud.open({ maxInFlight: 40, maxInFlightPerGroup: window });
    const outbox = await openOutbox(store, {
      bridge: "up",
      idPrefix: `gw-${++openings}`,
      limits: DEFAULT_LIMITS,
      window,
      clock,
      log: new QuietLog(),
      ...(options.thinning === undefined ? {} : { thinning: options.thinning }),
    });
    options.sabotage?.(outbox, store);
    const link = Link.open({
      bridge: "up",
      provider: way.provider,
      desk: NO_REQUESTS,
      outbox,
      clock,
      random,
      log: new QuietLog(),
      ...(await freeLine(store, clock)),
      onChange: () => undefined,
    });
    const tending = clock.every(2_000, () => void outbox.tend());
    return { store, way, outbox, link, tending };
  };
  let running = await start();

  /** What was not kept before is lost, and what it sent meanwhile is sent. */
  const kill = async (): Promise<void> => {
    kills++;
    running.way.kill();
    running.store.holding = true;
    running.tending[Symbol.dispose]();
    void running.link[Symbol.asyncDispose]();
    running = await start();
  };
  const say = (from: number, count: number): void => {
    const { store, outbox } = running;
    for (let number = from; number < from + count; number++) {
      const unit = new Unit(store, (error) => {
        throw error;
      });
      const draft = draftOf(number, clock.now() + (number - from) * everyS * 1_000, random);
      const id = outbox.enqueue(draft, unit);
      void unit.commit().then(() => promised.push({ id, draft }));
    }
  };
  const trouble = async (): Promise<void> => {
    const dice = random();
    if (dice < 0.3) {
      // The disk takes nothing more; what is said now was never promised, and is lost with the process.
      running.store.holding = true;
      doomed = true;
    } else if (dice < 0.55) await kill();
    else {
      cuts++;
      if (dice < 0.7) cloud.failSoon("deaf", Math.floor(random() * 60));
      else if (dice < 0.85) cloud.failSoon("mute", Math.floor(random() * 60));
      else running.way.cut();
    }
  };

  cloud.unreachable = true;
  for (let said = 0; said < messages; said += TOGETHER) {
    if (said >= messages * outage) cloud.unreachable = false;
    say(said, Math.min(TOGETHER, messages - said));
    if (doomed) {
      await clock.advance(Math.floor(random() * TOGETHER * everyS * 1_000));
      doomed = false;
      await kill();
    } else if (random() < (cloud.unreachable ? 0.001 : 0.22)) await trouble();
    await clock.advance(TOGETHER * everyS * 1_000);
  }
  if (doomed) await kill();
  while (running.outbox.counts().queued > 0) await clock.advance(60_000);
  const { dropped } = running.outbox.counts();
  running.tending[Symbol.dispose]();
  await running.link[Symbol.asyncDispose]();
  return { promised, arrived: cloud.arrived, dropped, kills, cuts };
}

/** What is wrong with what arrived; nothing, when the promise was kept. */
export function faultsOf({ promised, arrived, dropped }: OutageReport): readonly string[] {
  const faults: string[] = [];
  const first = new Map<string, CloudMessage>();
  for (const message of arrived) {
    const known = first.get(message.id);
    if (known === undefined) first.set(message.id, message);
    else if (!isDeepStrictEqual(known, message)) faults.push(`${message.id} came twice and differs`);
  }
  if (dropped > 0) faults.push(`${dropped} were dropped`);
  const sums = new Map<string, CloudMessage[]>();
  for (const message of first.values()) {
    if (message.thinned === undefined) continue;
    const key = `${message.thing} ${message.name}`;
    sums.set(key, [...(sums.get(key) ?? []), message]);
  }
  const latest = new Map<string, Promised>();
  for (const one of promised) {
    if (one.draft.class === "state") {
      const key = `${one.draft.thing} ${one.draft.name}`;
      const other = latest.get(key);
      if (other === undefined || Number(other.draft.value) < Number(one.draft.value)) latest.set(key, one);
    } else if (!first.has(one.id) && !isIn(sums, one)) {
      faults.push(`${one.draft.class} ${one.draft.value} of ${one.draft.thing} is lost`);
    }
  }
  for (const { id, draft } of latest.values()) {
    if (!first.has(id)) faults.push(`the last state of ${draft.thing} ${draft.name} is lost`);
  }
  faults.push(...disorder([...first.values()]));
  return faults;
}

function isIn(sums: ReadonlyMap<string, readonly CloudMessage[]>, { draft }: Promised): boolean {
  if (draft.class !== "telemetry") return false;
  return (sums.get(`${draft.thing} ${draft.name}`) ?? []).some(({ thinned, time, value }) => {
    if (thinned === undefined || !isJsonObject(value)) return false;
    const inside = thinned.from <= draft.time && draft.time <= time;
    return inside && Number(value.min) <= Number(draft.value) && Number(draft.value) <= Number(value.max);
  });
}

/** Messages of a Thing and class whose predecessor arrived later. @param messages in order, each once. */
function disorder(messages: readonly CloudMessage[]): readonly string[] {
  const last = new Map<string, number>();
  return messages.flatMap((message) => {
    // What was summed up keeps its place among those of its property.
    const lane =
      message.class === "telemetry"
        ? `${message.class} ${message.group} ${message.name}`
        : `${message.class} ${message.group}`;
    const number = isJsonObject(message.value) ? Number(message.value.last) : Number(message.value);
    const before = last.get(lane) ?? -1;
    last.set(lane, Math.max(before, number));
    // A sum may come after its parts, where a crash made the queue forget that it had sent them.
    return number > before || (number === before && message.thinned !== undefined)
      ? []
      : [`${number} of ${lane} came after ${before}`];
  });
}
