import { VirtualClock } from "@tram/testkit";
import { expect, it } from "vitest";
import { RenewalWatch } from "./renewal-watch.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function room(start: { trust?: "synced" | "untrusted" } = {}) {
  const clock = new VirtualClock(start);
  const due = { at: clock.now() + 10 * DAY };
  const tried: number[] = [];
  const alarms: string[] = [];
  const answers: (string | undefined)[] = [];
  /** Of a certificate that somebody else has to renew: from when on it is told of, and its end. */
  const other = { near: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY };
  const begun = clock.now();
  const days = (): number => Math.round((other.end - clock.now()) / DAY);
  const watch = new RenewalWatch({
    clock,
    log: { error: (_fields, text) => alarms.push(text) },
    renewals: () => [{ id: "up", at: due.at }],
    endings: () =>
      clock.now() < other.near ? [] : [{ id: "own", end: other.end, text: `in ${days()} days` }],
    renew: async () => {
      tried.push(Math.round((clock.now() - begun) / HOUR));
      const problem = answers.shift();
      if (problem === undefined) due.at += 1_000 * DAY;
      return problem;
    },
    alarm: (text) => alarms.push(text),
  });
  const pass = async (hours: number): Promise<void> => {
    for (let hour = 0; hour < hours; hour++) {
      await clock.advance(HOUR);
      await watch.idle();
    }
  };
  return { clock, watch, tried, alarms, answers, other, pass };
}

it("renews once the time has come, and then not again", async () => {
  const { watch, tried, alarms, pass } = room();
  watch.start();
  await pass(239);
  expect(tried).toEqual([]);
  await pass(100);
  expect(tried).toEqual([240]);
  expect(alarms).toEqual([]);
});

it("tells of a failure, and tries again each day", async () => {
  const { watch, tried, alarms, answers, pass } = room();
  answers.push("AWS IoT refuses a certificate", "AWS IoT refuses a certificate");
  watch.start();
  await pass(400);
  expect(tried).toEqual([240, 264, 288]);
  expect(alarms).toEqual([
    "The certificate of the cloud up could not be renewed: AWS IoT refuses a certificate",
    "The certificate of the cloud up could not be renewed: AWS IoT refuses a certificate",
  ]);
});

it("does nothing by a clock that nobody has set", async () => {
  const { watch, tried, pass } = room({ trust: "untrusted" });
  watch.start();
  await pass(400);
  expect(tried).toEqual([]);
});

it("does nothing any more once it is disposed", async () => {
  const { watch, tried, pass } = room();
  watch.start();
  watch[Symbol.dispose]();
  await pass(400);
  expect(tried).toEqual([]);
});

it("tells of one that it cannot renew each week, each day of the last one, and afterwards", async () => {
  const { clock, watch, alarms, other, pass } = room();
  other.near = clock.now() + DAY;
  other.end = clock.now() + 31 * DAY;
  watch.start();
  await pass(24 * 33);
  expect(alarms).toEqual(
    [30, 23, 16, 9, 7, 6, 5, 4, 3, 2, 1, 0, -1, -2].map((days) => `in ${days === 0 ? 0 : days} days`),
  );
});

it("tells of none by a clock that nobody has set", async () => {
  const { clock, watch, alarms, other, pass } = room({ trust: "untrusted" });
  other.near = clock.now();
  other.end = clock.now() + DAY;
  watch.start();
  await pass(48);
  expect(alarms).toEqual([]);
});
