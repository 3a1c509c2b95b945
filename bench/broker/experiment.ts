import type { Target } from "./comparison.ts";
import type { Running } from "./contestant.ts";
import type { Task } from "./order.ts";
import type { Qos } from "./packets.ts";
import type { Sizes } from "./sizes.ts";

/** One row of the table, taken from the figures of an experiment. */
export interface Measure {
  readonly what: string;
  /** Name of the figure. */
  readonly figure: string;
  readonly digits: number;
  /** What the figure is multiplied by for people; default 1. */
  readonly scale?: number;
  readonly target?: Target;
}

/** What is done to each broker, and what is read from it. */
export interface Experiment {
  readonly name: string;
  readonly task: Task;
  readonly rounds: number;
  readonly keeping: Running["keeping"];
  /**
   * Who takes part besides Tram: the other brokers; also mosquitto a second time, for what it differs from itself; or
   * nobody, where no other has such a thing.
   */
  readonly peers: "others" | "others and mosquitto again" | "none";
  readonly measures: readonly Measure[];
}

/** Messages of one publisher a second when latency is measured. */
export const PACE_PER_SECOND = 2_000;
const FAN = 100;
const FILTERS_EACH = 1_000;
const CPU_TARGETS: Readonly<Record<Qos, { readonly target?: Target }>> = {
  0: { target: { timesMosquitto: 0.3 } },
  1: { target: { timesMosquitto: 0.7 } },
  2: {},
};

/** All of them, in the order of the table. */
export function experiments(sizes: Sizes): readonly Experiment[] {
  return [
    ...([0, 1, 2] as const).map((qos) => floodOf("in", qos, sizes)),
    ...([0, 1, 2] as const).map((qos) => floodOf("out", qos, sizes)),
    awayOf("crash", 30_000, sizes),
    awayOf("power", 10_000, sizes),
    paceOf(sizes),
    idleOf(false, sizes),
    idleOf(true, sizes),
    connectOf(sizes),
    matchOf(sizes),
  ];
}

function floodOf(direction: "in" | "out", qos: Qos, { measureMs, rounds, warmUpMs }: Sizes): Experiment {
  const [publishers, subscribers] = direction === "in" ? [FAN, 1] : [1, FAN];
  const name = `QoS ${qos}, ${publishers} → ${subscribers}`;
  const rates: readonly Measure[] = [
    { what: `${name}: in, messages/s`, figure: "inPerSecond", digits: 0 },
    { what: `${name}: out, messages/s`, figure: "outPerSecond", digits: 0 },
  ];
  return {
    name,
    task: { kind: "flood", publishers, subscribers, qos, warmUpMs, measureMs },
    rounds,
    keeping: "memory",
    peers: "others",
    measures: [
      { what: `${name}: CPU per delivery, µs`, figure: "cpuUsPerDelivery", digits: 2, ...CPU_TARGETS[qos] },
      ...rates,
    ],
  };
}

function awayOf(
  keeping: "crash" | "power",
  atLeast: number,
  { awayMessages, awayWarmUp, rounds }: Sizes,
): Experiment {
  const name = `QoS 1 kept for somebody away, ${keeping === "crash" ? "at crash strength" : "strict"}`;
  return {
    name,
    task: { kind: "away", warmUp: awayWarmUp, messages: awayMessages },
    rounds,
    keeping,
    peers: keeping === "crash" ? "others" : "none",
    measures: [
      {
        what: `${name}: acknowledged/s`,
        figure: "acknowledgedPerSecond",
        digits: 0,
        target: { atLeast },
      },
      { what: `${name}: CPU per message, µs`, figure: "cpuUsPerMessage", digits: 2 },
    ],
  };
}

function paceOf({ paceMs, paceRounds, warmUpMs }: Sizes): Experiment {
  const name = `QoS 1, ${PACE_PER_SECOND.toLocaleString("en")}/s one by one`;
  return {
    name,
    task: { kind: "pace", perSecond: PACE_PER_SECOND, warmUpMs, measureMs: paceMs },
    rounds: paceRounds,
    keeping: "memory",
    peers: "others and mosquitto again",
    measures: [
      { what: `${name}: p50, ms`, figure: "p50Ms", digits: 3, target: { timesMosquitto: 1.3 } },
      { what: `${name}: p99, ms`, figure: "p99Ms", digits: 3 },
      {
        what: `${name}: CPU, % of a core`,
        figure: "cpuShare",
        scale: 100,
        digits: 1,
        target: { timesMosquitto: 2.5 },
      },
      { what: `${name}: how late the load was, p99, ms`, figure: "lagP99Ms", digits: 3 },
    ],
  };
}

function idleOf(sessions: boolean, { idleClients, rounds, settleMs }: Sizes): Experiment {
  const kind = sessions ? "idle, with a session and a subscription" : "idle";
  return {
    name: kind,
    task: { kind: "idle", steps: idleClients, sessions, settleMs },
    rounds,
    keeping: "memory",
    peers: "others",
    measures: idleClients.map((clients) => ({
      what: `${clients.toLocaleString("en")} clients ${kind}: RSS of each, kB`,
      figure: `kBPerClientOf${clients}`,
      digits: 1,
      target: { atMost: 20 },
    })),
  };
}

function connectOf({ connections, rounds }: Sizes): Experiment {
  return {
    name: "connections",
    task: { kind: "connect", warmUp: Math.ceil(connections / 4), connections },
    rounds,
    keeping: "memory",
    peers: "others",
    measures: [
      { what: "connections/s, 50 at a time", figure: "connectionsPerSecond", digits: 0 },
      { what: "CPU per connection, µs", figure: "cpuUsPerConnection", digits: 0 },
    ],
  };
}

function matchOf({ measureMs, rounds, settleMs, subscribers, warmUpMs }: Sizes): Experiment {
  const all = `${(subscribers * FILTERS_EACH).toLocaleString("en")} subscriptions`;
  return {
    name: all,
    task: { kind: "match", subscribers, filtersEach: FILTERS_EACH, warmUpMs, measureMs, settleMs },
    rounds,
    keeping: "memory",
    peers: "others",
    measures: [
      { what: `${all}: RSS of each, bytes`, figure: "bytesPerSubscription", digits: 0 },
      { what: `${all}: made/s`, figure: "subscriptionsPerSecond", digits: 0 },
      {
        what: `${all}, a topic of each in turn, QoS 0: CPU per delivery, µs`,
        figure: "cpuUsPerDelivery",
        digits: 2,
      },
      { what: `${all}, a topic of each in turn, QoS 0: out, messages/s`, figure: "outPerSecond", digits: 0 },
    ],
  };
}
