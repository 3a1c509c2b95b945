import type { MqttSessionView } from "@tram/core";
import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { ClientViews } from "./client-views.ts";

function session(change: Partial<MqttSessionView> = {}): MqttSessionView {
  return {
    id: "fan",
    username: "fan",
    connection: undefined,
    traffic: { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 },
    expirySeconds: 0,
    keepAliveSeconds: 60,
    subscriptions: [],
    queuedMessages: 0,
    queuedBytes: 0,
    dropped: 0,
    will: undefined,
    slow: false,
    lastDisconnect: undefined,
    ...change,
  };
}

test("rates are those between two looks, and a look right after another changes nothing", async () => {
  const clock = new VirtualClock();
  let messagesIn = 100;
  const views = new ClientViews(
    () => ({
      sessions: () => [session({ traffic: { messagesIn, messagesOut: 0, bytesIn: 0, bytesOut: 0 } })],
    }),
    clock,
  );
  views.all();
  await clock.advance(10_000);
  messagesIn = 150;
  expect(views.all()[0]?.rates).toEqual({ messagesIn: 5, messagesOut: 0 });
  await clock.advance(1_000);
  messagesIn = 1_000;
  expect(views.all()[0]?.rates).toEqual({ messagesIn: 5, messagesOut: 0 });
  await clock.advance(9_000);
  messagesIn = 20; // The session began anew.
  expect(views.all()[0]?.rates.messagesIn).toBeGreaterThanOrEqual(0);
});

test("who is here comes first; a session that never ends can be said in JSON", () => {
  const clock = new VirtualClock();
  const connection = {
    id: "z",
    username: "z",
    address: "192.0.2.1",
    listener: "tcp",
    protocol: "5.0",
    connectedAt: clock.now(),
  } as const;
  const views = new ClientViews(
    () => ({
      sessions: () => [
        session({ id: "a", expirySeconds: Number.POSITIVE_INFINITY }),
        session({ id: "z", connection, will: { topic: "t", qos: 1, retain: true } }),
      ],
    }),
    clock,
  );
  const [first, second] = views.all();
  expect(first).toMatchObject({
    id: "z",
    connected: true,
    address: "192.0.2.1",
    protocol: "5.0",
    will: { topic: "t" },
  });
  expect(second).toMatchObject({ id: "a", connected: false, expirySeconds: 0xffff_ffff });
  expect(JSON.parse(JSON.stringify(second))).toEqual(second);
  expect(views.of("nobody")).toEqual([]);
});
