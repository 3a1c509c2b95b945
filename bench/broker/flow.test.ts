import { expect, test } from "vitest";
import { Flow } from "./flow.ts";
import type { Publisher } from "./publisher.ts";

/** A publisher whose bursts are all acknowledged, or none. */
function publisher(ready: boolean): Publisher & { bursts: number } {
  const made = { ready, settled: true, bursts: 0, send: () => void made.bursts++ };
  return made as unknown as Publisher & { bursts: number };
}

test("as much is under way as may be, and more when something has arrived", () => {
  const arrivals = { count: 0 };
  const publishers = [publisher(true), publisher(true)];
  const flow = new Flow(publishers, arrivals, { perBurst: 20, fanOut: 1, window: 100 });
  flow.fill();
  expect(flow.sent).toBe(100);
  expect(publishers.map(({ bursts }) => bursts)).toEqual([3, 2]);
  arrivals.count = 39;
  flow.fill();
  expect(flow.sent).toBe(120);
});

test("who waits for acknowledgements is passed over", () => {
  const [waiting, free] = [publisher(false), publisher(true)];
  const flow = new Flow([waiting, free], { count: 0 }, { perBurst: 20, fanOut: 1, window: 60 });
  flow.fill();
  expect([waiting.bursts, free.bursts]).toEqual([0, 3]);
});

test("a message has arrived when all have it", async () => {
  const arrivals = { count: 0 };
  const flow = new Flow([publisher(true)], arrivals, { perBurst: 20, fanOut: 10, window: 40 });
  flow.fill();
  expect(flow.sent).toBe(40);
  arrivals.count = 199;
  flow.fill();
  expect(flow.sent).toBe(40);
  arrivals.count = 200;
  flow.fill();
  expect(flow.sent).toBe(60);
  arrivals.count = 600;
  expect(await flow.settle()).toBe(0);
  flow.fill();
  expect(flow.sent).toBe(60);
});
