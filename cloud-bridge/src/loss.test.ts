import { describe, expect, it } from "vitest";
import type { Outbox } from "./outbox.ts";
import type { GatedStore } from "./testing/gated-store.ts";
import { faultsOf, runOutage } from "./testing/outage.ts";

const ROUNDS = 20;
const DAY_S = 86_400;
const HOUR_MS = 3_600_000;
/** Half of the rounds thin what has waited for six hours. */
const THINNING = { afterMs: 6 * HOUR_MS, slotMs: HOUR_MS / 4 };

/** Trouble again and again. */
const SHORT = { messages: 10_000, everyS: 1, outage: 0.3 };

/** A small generator, so that a failure can be repeated (https://en.wikipedia.org/wiki/Linear_congruential_generator). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

describe("a day without the cloud, at a message a second, killed and cut at random", () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    "round %i: everything arrives, in order, twice only with the same id",
    async (round) => {
      const thins = round % 2 === 1;
      const report = await runOutage({
        messages: DAY_S,
        everyS: 1,
        random: seeded(round + 1),
        ...(thins ? { thinning: THINNING } : {}),
      });
      expect(faultsOf(report)).toEqual([]);
      // Else it proves nothing.
      expect(report.kills).toBeGreaterThan(1);
      expect(report.cuts).toBeGreaterThan(1);
      expect(report.promised.length).toBeGreaterThan(0.99 * DAY_S);
      expect(report.arrived.length).toBeGreaterThan(new Set(report.arrived.map(({ id }) => id)).size);
      expect(report.arrived.some(({ thinned }) => thinned !== undefined)).toBe(thins);
    },
    60_000,
  );

  it("is green for the queue as it is, in a shorter time with more trouble", async () => {
    expect(faultsOf(await runOutage({ ...SHORT, random: seeded(7) }))).toEqual([]);
  });

  it("is red when rows are deleted before the acknowledgement", async () => {
    const deleteFirst = (outbox: Outbox, store: GatedStore): void => {
      const take = outbox.take.bind(outbox);
      outbox.take = async (limit) => {
        const flights = await take(limit);
        await store.commit(
          flights.map(({ seq }) => ({ op: "remove", log: "outbox-up", seq })),
          "crash",
        );
        return flights;
      };
    };
    const report = await runOutage({ ...SHORT, random: seeded(7), sabotage: deleteFirst });
    expect(faultsOf(report).join("\n")).toMatch(/ is lost/);
  });

  it("is red when what is sent again has another id", async () => {
    const renameAll = (outbox: Outbox): void => {
      const take = outbox.take.bind(outbox);
      let renamed = 0;
      outbox.take = async (limit) =>
        (await take(limit)).map((flight) => ({
          ...flight,
          message: { ...flight.message, id: `${flight.message.id}-${++renamed}` },
        }));
    };
    const report = await runOutage({ ...SHORT, random: seeded(7), sabotage: renameAll });
    expect(faultsOf(report)).not.toEqual([]);
  });
});
