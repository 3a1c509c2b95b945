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
  const begun = clock.now();
  const watch = new RenewalWatch({
    clock,
    log: { error: (_fields, text) => alarms.push(text) },
    renewals: () => [{ id: "up", at: due.at }],
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
  return { clock, watch, tried, alarms, answers, pass };
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
