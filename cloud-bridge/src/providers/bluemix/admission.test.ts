import type { PublishOutcome } from "@tram/core";
import { VirtualClock } from "@tram/testkit";
import { expect, it } from "vitest";
import { Admission, GRACE_MS, PAUSE_MS } from "./admission.ts";

const PUMP = { type: "thing", id: "pump" };
const taken = async (): Promise<PublishOutcome> => ({ outcome: "acknowledged" });

function begin() {
  const clock = new VirtualClock();
  const admission = new Admission(clock, GRACE_MS);
  admission.connected();
  const outcomes: string[] = [];
  const publish = (): void =>
    void admission.publish(PUMP, taken).then(({ outcome }) => {
      outcomes.push(outcome);
    });
  return { clock, admission, outcomes, publish };
}

it("a device proves itself once on a connection", async () => {
  const { clock, outcomes, publish, admission } = begin();
  publish();
  await clock.advance(GRACE_MS - 1);
  expect(outcomes).toEqual([]);
  await clock.advance(1);
  expect(outcomes).toEqual(["acknowledged"]);
  publish();
  await clock.advance(0);
  expect(outcomes).toEqual(["acknowledged", "acknowledged"]);
  admission.lost("cut");
  admission.connected();
  publish();
  await clock.advance(1);
  expect(outcomes).toHaveLength(2);
});

it("what was thrown away is sent again, and nothing is sent to a refused device for a while", async () => {
  const { clock, outcomes, publish, admission } = begin();
  publish();
  publish();
  await clock.advance(1);
  admission.refused(PUMP, "unknown");
  await clock.advance(0);
  expect(outcomes).toEqual(["retry", "retry"]);
  let sent = 0;
  const count = async (): Promise<PublishOutcome> => {
    sent++;
    return await taken();
  };
  expect(await admission.publish(PUMP, count)).toEqual({ outcome: "retry", reason: "unknown" });
  admission.lost("cut");
  admission.connected();
  await clock.advance(PAUSE_MS - 10);
  expect((await admission.publish(PUMP, count)).outcome).toBe("retry");
  expect(sent).toBe(0);
  await clock.advance(10);
  void admission.publish(PUMP, count);
  expect(sent).toBe(1);
});

it("a device that is refused later takes what is in flight with it", async () => {
  const { clock, admission } = begin();
  void admission.publish(PUMP, taken);
  await clock.advance(GRACE_MS);
  const { promise, resolve } = Promise.withResolvers<PublishOutcome>();
  const flying = admission.publish(PUMP, () => promise);
  admission.refused(PUMP, "removed");
  resolve({ outcome: "acknowledged" });
  expect(await flying).toEqual({ outcome: "retry", reason: "removed" });
});

it("with the connection goes what was not decided", async () => {
  const { clock, outcomes, publish, admission } = begin();
  publish();
  await clock.advance(1);
  admission.lost("cut");
  await clock.advance(0);
  expect(outcomes).toEqual(["retry"]);
});
