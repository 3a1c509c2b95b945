import { expect, test } from "vitest";
import { InboundFlow } from "./inbound-flow.ts";

test("[MQTT-4.3.3-10] a message is taken once, until PUBREL ends the exchange", () => {
  const flow = new InboundFlow();
  expect([flow.receive(7), flow.receive(7), flow.receive(8)]).toEqual([true, false, true]);
  expect(flow.size).toBe(2);
  expect([flow.release(7), flow.release(7)]).toEqual([true, false]);
  expect(flow.receive(7), "a new message may have the identifier again").toBe(true);
});

test("what an earlier life of the session took is not taken again", () => {
  const flow = new InboundFlow([3]);
  expect([flow.receive(3), [...flow.open]]).toEqual([false, [3]]);
});

test("a refused message has no PUBREL: its identifier is free", () => {
  const flow = new InboundFlow();
  flow.receive(5);
  flow.refuse(5);
  expect([flow.size, flow.receive(5)]).toEqual([0, true]);
});
