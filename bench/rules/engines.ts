import { BUNDLED_TRAM } from "../../scripts/bundle.ts";
import { findPeer, launchMosquitto, peerSystem, writeBroker } from "../peer-system.ts";
import { type Round, runRound } from "../round.ts";
import { median, percentile } from "../statistics.ts";
import { tramOnMosquitto } from "../tram-system.ts";

/** A moderate load, at which latency tells, and one at which an engine shows where its end is. */
export const RATES = [500, 2_000, 4_000] as const;

export interface Engine {
  readonly name: string;
  readonly rows: readonly {
    readonly perSecond: number;
    readonly p50: number;
    readonly p99: number;
    /** Share of the crossings of the threshold that became a command. */
    readonly answered: number;
    readonly cpuMsPerThousand: number;
    readonly rssMb: number;
    readonly pssMb: number;
  }[];
}

/**
 * The same 100 automations in Tram and in Node-RED, both clients of a mosquitto of Debian; in turns. The broker is not
 * counted.
 * @returns why there is no comparison, where mosquitto or Node-RED is not to be had.
 */
export async function compareEngines(
  rounds: number,
  measureMs: number,
): Promise<{ readonly versions: readonly string[]; readonly engines: readonly Engine[] } | string> {
  const peer = findPeer();
  if (typeof peer === "string") return peer;
  const systems = [
    tramOnMosquitto(BUNDLED_TRAM, { prepare: writeBroker, launch: launchMosquitto }),
    peerSystem("without the broker"),
  ];
  const seen = new Map<string, Round[]>();
  for (let round = 0; round < rounds; round++) {
    for (const perSecond of RATES) {
      const order = round % 2 === 0 ? systems : [...systems].reverse();
      for (const system of order) {
        const result = await runRound(system, { perSecond, idleMs: 2_000, warmUpMs: 3_000, measureMs });
        const key = `${system.name} ${perSecond}`;
        seen.set(key, [...(seen.get(key) ?? []), result]);
      }
    }
  }
  const engines = systems.map(({ name }) => ({
    name,
    rows: RATES.map((perSecond) => rowOf(perSecond, seen.get(`${name} ${perSecond}`) ?? [])),
  }));
  return { versions: peer.versions, engines };
}

function rowOf(perSecond: number, rounds: readonly Round[]): Engine["rows"][number] {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  return {
    perSecond,
    p50: of(({ load }) => percentile(load.commandMs, 0.5)),
    p99: of(({ load }) => percentile(load.commandMs, 0.99)),
    answered: of(({ load }) => (load.crossings - load.missed) / load.crossings),
    cpuMsPerThousand: of(({ cpuMs, load }) => (cpuMs * 1_000) / load.sent),
    rssMb: of(({ loaded }) => loaded.peakRss / 1e6),
    pssMb: of(({ loaded }) => loaded.pss / 1e6),
  };
}
