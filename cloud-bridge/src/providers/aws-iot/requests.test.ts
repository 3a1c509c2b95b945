import type { PublishOutcome } from "@tram/core";
import { VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { REQUESTS_SHARE, Requests } from "./requests.ts";

describe("requests", () => {
  const sent: { topic: string; at: number; answer: (outcome: PublishOutcome) => void }[] = [];
  const open = (clock: VirtualClock, answers: boolean): Requests => {
    sent.length = 0;
    return new Requests(({ topic }) => {
      const { promise, resolve } = Promise.withResolvers<PublishOutcome>();
      sent.push({ topic, at: clock.monotonic(), answer: resolve });
      if (answers) resolve({ outcome: "acknowledged" });
      return promise;
    }, clock);
  };

  it("never go faster than their share, and urgent ones go first", async () => {
    const clock = new VirtualClock();
    const requests = open(clock, true);
    const all = Array.from({ length: 200 }, (_, index) => requests.post({ topic: `t${index}`, payload: "" }));
    const urgent = requests.post({ topic: "urgent", payload: "" }, { urgent: true });
    for (let second = 0; second < 20; second++) await clock.advance(1_000);
    await Promise.all([...all, urgent]);
    expect(sent).toHaveLength(201);
    expect(sent.findIndex(({ topic }) => topic === "urgent")).toBeLessThan(20);
    for (const { at } of sent) {
      const within = sent.filter((other) => other.at >= at && other.at < at + 1_000).length;
      expect(within).toBeLessThanOrEqual(REQUESTS_SHARE);
    }
  });

  it("that are not acknowledged hold the others back, and the end gives them up", async () => {
    const clock = new VirtualClock();
    const requests = open(clock, false);
    const all = Array.from({ length: 30 }, (_, index) => requests.post({ topic: `t${index}`, payload: "" }));
    await clock.advance(10_000);
    expect(sent).toHaveLength(12);
    // One that is never acknowledged does not hold them back for ever.
    await clock.advance(31_000);
    expect((await all[0])?.outcome).toBe("retry");
    expect(sent.length).toBeGreaterThan(12);
    requests.close();
    for (const { answer } of sent) answer({ outcome: "retry", reason: "cut" });
    const outcomes = await Promise.all(all);
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["retry"]));
    expect((await requests.post({ topic: "late", payload: "" })).outcome).toBe("retry");
    expect(clock.pending).toBe(0);
  });
});
