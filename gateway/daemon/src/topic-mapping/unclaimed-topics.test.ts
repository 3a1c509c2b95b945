import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { message } from "./testing/mapping-house.ts";
import { UNCLAIMED_LIMITS, UnclaimedTopics } from "./unclaimed-topics.ts";

test("what was heard last is kept, some different payloads, and how often", async () => {
  const clock = new VirtualClock();
  const topics = new UnclaimedTopics(clock);
  for (const payload of ["1", "2", "2", "3", "4", "5", "6"]) {
    topics.note("node", message("a/b", payload));
    await clock.advance(1_000);
  }
  expect(topics.all()).toMatchObject([
    { topic: "a/b", account: "node", payload: "6", samples: ["1", "2", "3", "4"], count: 7, clipped: false },
  ]);
  topics.note("node", message("a/b", ""));
  expect(topics.all()[0]?.payload).toBe("6");
  topics.forget("a/b");
  expect(topics.all()).toEqual([]);
});

test("payloads are looked at once in a second, whatever comes", async () => {
  const clock = new VirtualClock();
  const topics = new UnclaimedTopics(clock);
  for (let index = 0; index < 1_000; index++) topics.note("node", message("a/b", String(index)));
  expect(topics.all()).toMatchObject([{ payload: "0", count: 1_000 }]);
});

test("100,000 topics cost no more than 512, and push out those of their own account", async () => {
  const clock = new VirtualClock();
  const topics = new UnclaimedTopics(clock);
  topics.note("sensor", message("farm/room1/temp", "31"));
  for (let index = 0; index < 100_000; index++) {
    if (index % 100 === 0) await clock.advance(1_000);
    topics.note("flood", message(`flood/${index}`, "x"));
  }
  const all = topics.all();
  expect(all).toHaveLength(UNCLAIMED_LIMITS.topics);
  expect(all.filter(({ account }) => account === "sensor")).toHaveLength(1);
  // Those that came last are there, as far as the rate let them in.
  expect(all[0]?.topic).toMatch(/^flood\/99\d{3}$/);
  expect(topics.unheard).toBeGreaterThan(30_000);
});

test("bytes, control characters, a cut character and a long topic", () => {
  const topics = new UnclaimedTopics(new VirtualClock());
  const seen = (payload: string | Uint8Array) => {
    topics.note("node", message("t", payload));
    const [first] = topics.all();
    topics.forget("t");
    return first;
  };
  expect(seen(Uint8Array.of(0xff))?.payload).toBeUndefined();
  expect(seen("a\u0007b")?.payload).toBeUndefined();
  expect(seen('{\n\t"a": 1\r\n}')?.payload).toBe('{\n\t"a": 1\r\n}');
  const long = seen("ạ".repeat(400_000));
  expect(long).toMatchObject({ payload: "ạ".repeat(341), clipped: true, samples: [] });
  expect(seen("after")?.payload).toBe("after");
  topics.note("node", message("x".repeat(513), "1"));
  expect(topics.all()).toEqual([]);
});
